// purpose: exchange the live vectors of User with the previous ones
// mode: write
// params: none
// returns: none
MATCH (n:User)
WHERE n.embedding IS NOT NULL OR n.embedding_previous IS NOT NULL
WITH n, n.embedding AS live, n.embedding_previous AS previous
SET n.embedding_previous = live, n.embedding = previous
