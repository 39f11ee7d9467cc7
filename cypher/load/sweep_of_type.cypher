// written by cypher/generate.py from templates/sweep_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: remove OF_TYPE relationships that the source no longer has
// mode: write
// params: $rows list<map>  sku, part_type
// returns: none
UNWIND $rows AS row
MATCH (:Product {sku: row.sku})-[r:OF_TYPE]->(:PartType {name: row.part_type})
DELETE r
