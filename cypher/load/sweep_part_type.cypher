// written by cypher/generate.py from templates/sweep_node.template and holley_graph/graph/schema.py: edit those
// purpose: remove PartType nodes that the source no longer has
// mode: write
// params: $rows list<map>  name
// returns: none
UNWIND $rows AS row
MATCH (n:PartType {name: row.name})
DETACH DELETE n
