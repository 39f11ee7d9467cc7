// written by cypher/generate.py from templates/sweep_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: remove CARTED relationships that the source no longer has
// mode: write
// params: $rows list<map>  user_id, sku
// returns: none
UNWIND $rows AS row
MATCH (:User {user_id: row.user_id})-[r:CARTED]->(:Product {sku: row.sku})
DELETE r
