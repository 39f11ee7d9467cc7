// purpose: every Product that has no live vector of what it leads to
// mode: read
// params: none
// returns: keys
MATCH (n:Product)
WHERE n.embedding_source IS NULL
RETURN collect(n.sku) AS keys
