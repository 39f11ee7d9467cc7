// written by cypher/generate.py from templates/sweep_node.template and holley_graph/graph/schema.py: edit those
// purpose: remove Vehicle nodes that the source no longer has
// mode: write
// params: $rows list<map>  vehicle_id
// returns: none
UNWIND $rows AS row
MATCH (n:Vehicle {vehicle_id: row.vehicle_id})
DETACH DELETE n
