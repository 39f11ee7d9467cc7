// written by cypher/generate.py from templates/reweigh.template and holley_graph/graph/schema.py: edit those
// purpose: give CO_VIEWED relationships that are there another weight, packed by the product that they start from
// mode: write
// params: $rows list<map>  sku, weights (other_sku to weight)
// returns: none
UNWIND $rows AS row
MATCH (a:Product {sku: row.sku})-[r:CO_VIEWED]->(b:Product)
WITH r, row.weights[b.sku] AS weight
WHERE weight IS NOT NULL
SET r.weight = weight
