// written by cypher/generate.py from templates/load_node.template and holley_graph/graph/schema.py: edit those
// purpose: create or update Make nodes
// mode: write
// params: $rows list<map>  name
// returns: none
UNWIND $rows AS row
MERGE (n:Make {name: row.name})
