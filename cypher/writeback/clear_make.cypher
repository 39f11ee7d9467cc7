// purpose: remove staged vectors of Make that an earlier, unfinished writeback left
// mode: auto
// params: none
// returns: none
MATCH (n:Make)
WHERE n.embedding_next IS NOT NULL
CALL (n) {
  REMOVE n.embedding_next
} IN TRANSACTIONS OF 10000 ROWS
