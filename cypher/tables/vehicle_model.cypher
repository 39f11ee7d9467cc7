// written by cypher/generate.py from templates/tables_node.template and holley_graph/graph/schema.py: edit those
// purpose: every VehicleModel node, one row each
// mode: read
// params: none
// returns: id, model_id, make, model, first_year, last_year
MATCH (n:VehicleModel)
RETURN id(n) AS id,
       n.model_id AS model_id,
       n.make AS make,
       n.model AS model,
       n.first_year AS first_year,
       n.last_year AS last_year
