// written by cypher/generate.py from templates/sweep_node.template and holley_graph/graph/schema.py: edit those
// purpose: remove User nodes that the source no longer has
// mode: write
// params: $rows list<map>  user_id
// returns: none
UNWIND $rows AS row
MATCH (n:User {user_id: row.user_id})
DETACH DELETE n
