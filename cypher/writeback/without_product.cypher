// purpose: every Product that has no live vector
// mode: read
// params: none
// returns: keys
MATCH (n:Product)
WHERE n.embedding IS NULL
RETURN collect(n.sku) AS keys
