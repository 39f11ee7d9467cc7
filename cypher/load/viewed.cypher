// written by cypher/generate.py from templates/load_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: create or update VIEWED relationships
// mode: write
// params: $rows list<map>  user_id, sku, count, first_at, last_at, at, weight
// returns: none
UNWIND $rows AS row
MATCH (a:User {user_id: row.user_id})
MATCH (b:Product {sku: row.sku})
MERGE (a)-[r:VIEWED]->(b)
SET r.count = row.count,
    r.first_at = CASE WHEN row.first_at IS NOT NULL THEN datetime({epochSeconds: row.first_at}) END,
    r.last_at = CASE WHEN row.last_at IS NOT NULL THEN datetime({epochSeconds: row.last_at}) END,
    r.at = row.at,
    r.weight = row.weight
