// written by cypher/generate.py from templates/weigh.template and holley_graph/graph/schema.py: edit those
// purpose: recompute the weight of every ORDERED relationship from its times, inside the server
// mode: auto
// params: $reference integer  epoch seconds that age counts to
//         $base float         weight of one event of age zero
//         $decay float        ln 2 / half-life in seconds; 0 without decay
// returns: none
MATCH ()-[r:ORDERED]->()
CALL (r) {
  SET r.weight = reduce(w = 0.0, t IN r.at | w + $base * exp(-$decay * ($reference - t)))
} IN TRANSACTIONS OF 50000 ROWS
