// purpose: Answer one row as soon as the database takes queries.
// mode: read
// params: none
// returns: ready boolean
RETURN true AS ready;
