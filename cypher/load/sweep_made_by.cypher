// written by cypher/generate.py from templates/sweep_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: remove MADE_BY relationships that the source no longer has
// mode: write
// params: $rows list<map>  model_id, make
// returns: none
UNWIND $rows AS row
MATCH (:VehicleModel {model_id: row.model_id})-[r:MADE_BY]->(:Make {name: row.make})
DELETE r
