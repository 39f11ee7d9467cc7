// written by cypher/generate.py from templates/load_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: create or update OF_MODEL relationships
// mode: write
// params: $rows list<map>  vehicle_id, model_id
// returns: none
UNWIND $rows AS row
MATCH (a:Vehicle {vehicle_id: row.vehicle_id})
MATCH (b:VehicleModel {model_id: row.model_id})
MERGE (a)-[r:OF_MODEL]->(b)
