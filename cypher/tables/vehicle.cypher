// written by cypher/generate.py from templates/tables_node.template and holley_graph/graph/schema.py: edit those
// purpose: every Vehicle node, one row each
// mode: read
// params: none
// returns: id, vehicle_id, year, make, model
MATCH (n:Vehicle)
RETURN id(n) AS id,
       n.vehicle_id AS vehicle_id,
       n.year AS year,
       n.make AS make,
       n.model AS model
