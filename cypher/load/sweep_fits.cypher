// written by cypher/generate.py from templates/sweep_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: remove FITS relationships that the source no longer has
// mode: write
// params: $rows list<map>  sku, vehicle_id
// returns: none
UNWIND $rows AS row
MATCH (:Product {sku: row.sku})-[r:FITS]->(:Vehicle {vehicle_id: row.vehicle_id})
DELETE r
