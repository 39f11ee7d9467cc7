// written by cypher/generate.py from templates/sweep_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: remove CO_VIEWED relationships that the source no longer has
// mode: write
// params: $rows list<map>  sku, other_sku
// returns: none
UNWIND $rows AS row
MATCH (:Product {sku: row.sku})-[r:CO_VIEWED]->(:Product {sku: row.other_sku})
DELETE r
