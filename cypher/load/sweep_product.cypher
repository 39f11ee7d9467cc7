// written by cypher/generate.py from templates/sweep_node.template and holley_graph/graph/schema.py: edit those
// purpose: remove Product nodes that the source no longer has
// mode: write
// params: $rows list<map>  sku
// returns: none
UNWIND $rows AS row
MATCH (n:Product {sku: row.sku})
DETACH DELETE n
