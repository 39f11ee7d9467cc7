// written by cypher/generate.py from templates/load_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: create or update CO_VIEWED relationships
// mode: write
// params: $rows list<map>  sku, other_sku, count, weight
// returns: none
UNWIND $rows AS row
MATCH (a:Product {sku: row.sku})
MATCH (b:Product {sku: row.other_sku})
MERGE (a)-[r:CO_VIEWED]->(b)
SET r.count = row.count,
    r.weight = row.weight
