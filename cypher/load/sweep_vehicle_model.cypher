// written by cypher/generate.py from templates/sweep_node.template and holley_graph/graph/schema.py: edit those
// purpose: remove VehicleModel nodes that the source no longer has
// mode: write
// params: $rows list<map>  model_id
// returns: none
UNWIND $rows AS row
MATCH (n:VehicleModel {model_id: row.model_id})
DETACH DELETE n
