// written by cypher/generate.py from templates/tables_node.template and holley_graph/graph/schema.py: edit those
// purpose: every Make node, one row each
// mode: read
// params: none
// returns: id, name
MATCH (n:Make)
RETURN id(n) AS id,
       n.name AS name
