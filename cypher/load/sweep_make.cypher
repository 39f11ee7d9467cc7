// written by cypher/generate.py from templates/sweep_node.template and holley_graph/graph/schema.py: edit those
// purpose: remove Make nodes that the source no longer has
// mode: write
// params: $rows list<map>  name
// returns: none
UNWIND $rows AS row
MATCH (n:Make {name: row.name})
DETACH DELETE n
