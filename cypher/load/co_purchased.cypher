// written by cypher/generate.py from templates/load_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: create or update CO_PURCHASED relationships
// mode: write
// params: $rows list<map>  sku, other_sku, count, weight, last_at
// returns: none
UNWIND $rows AS row
MATCH (a:Product {sku: row.sku})
MATCH (b:Product {sku: row.other_sku})
MERGE (a)-[r:CO_PURCHASED]->(b)
SET r.count = row.count,
    r.weight = row.weight,
    r.last_at = CASE WHEN row.last_at IS NOT NULL THEN datetime({epochSeconds: row.last_at}) END
