// purpose: remove staged vectors of Product that an earlier, unfinished writeback left
// mode: auto
// params: none
// returns: none
MATCH (n:Product)
WHERE n.embedding_next IS NOT NULL
CALL (n) {
  REMOVE n.embedding_next
} IN TRANSACTIONS OF 10000 ROWS
