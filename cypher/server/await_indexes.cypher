// purpose: wait until every index is online, at most five minutes
// mode: read
// params: none
// returns: none
CALL db.awaitIndexes(300)
