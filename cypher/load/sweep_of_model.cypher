// written by cypher/generate.py from templates/sweep_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: remove OF_MODEL relationships that the source no longer has
// mode: write
// params: $rows list<map>  vehicle_id, model_id
// returns: none
UNWIND $rows AS row
MATCH (:Vehicle {vehicle_id: row.vehicle_id})-[r:OF_MODEL]->(:VehicleModel {model_id: row.model_id})
DELETE r
