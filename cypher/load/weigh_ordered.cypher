// purpose: recompute the weight of every ORDERED relationship from its times, inside the server
// mode: auto
// params: $as_of integer      epoch seconds
//         $base float         weight of one event that has just happened
//         $decay float        ln 2 / half-life in seconds; 0 without decay
// returns: none
MATCH ()-[r:ORDERED]->()
CALL (r) {
  SET r.weight = reduce(w = 0.0, t IN r.at | w + $base * exp(-$decay * ($as_of - t)))
} IN TRANSACTIONS OF 50000 ROWS
