// purpose: make the staged vectors of Product live and keep the live ones as the previous
// mode: write
// params: none
// returns: none
MATCH (n:Product)
WHERE n.embedding_source IS NOT NULL OR n.embedding_source_next IS NOT NULL OR n.embedding_source_previous IS NOT NULL
WITH n, n.embedding_source AS live, n.embedding_source_next AS next
SET n.embedding_source_previous = live, n.embedding_source = next
REMOVE n.embedding_source_next
