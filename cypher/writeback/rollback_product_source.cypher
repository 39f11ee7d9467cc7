// purpose: exchange the live vectors of Product with the previous ones
// mode: write
// params: none
// returns: none
MATCH (n:Product)
WHERE n.embedding_source IS NOT NULL OR n.embedding_source_previous IS NOT NULL
WITH n, n.embedding_source AS live, n.embedding_source_previous AS previous
SET n.embedding_source_previous = live, n.embedding_source = previous
