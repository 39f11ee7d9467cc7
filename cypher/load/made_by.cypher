// written by cypher/generate.py from templates/load_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: create or update MADE_BY relationships
// mode: write
// params: $rows list<map>  model_id, make
// returns: none
UNWIND $rows AS row
MATCH (a:VehicleModel {model_id: row.model_id})
MATCH (b:Make {name: row.make})
MERGE (a)-[r:MADE_BY]->(b)
