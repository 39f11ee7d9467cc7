// purpose: lay vectors beside the live ones of Make
// mode: write
// params: $rows list<map>  key, vector
// returns: staged
UNWIND $rows AS row
MATCH (n:Make {name: row.key})
SET n.embedding_next = row.vector
RETURN count(n) AS staged
