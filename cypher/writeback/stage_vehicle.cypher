// purpose: lay vectors beside the live ones of Vehicle
// mode: write
// params: $rows list<map>  key, vector
// returns: staged
UNWIND $rows AS row
MATCH (n:Vehicle {vehicle_id: row.key})
SET n.embedding_next = row.vector
RETURN count(n) AS staged
