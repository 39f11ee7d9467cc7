// purpose: lay vectors beside the live ones of Product
// mode: write
// params: $rows list<map>  key, vector
// returns: staged
UNWIND $rows AS row
MATCH (n:Product {sku: row.key})
SET n.embedding_source_next = row.vector
RETURN count(n) AS staged
