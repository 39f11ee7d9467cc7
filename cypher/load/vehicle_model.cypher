// written by cypher/generate.py from templates/load_node.template and holley_graph/graph/schema.py: edit those
// purpose: create or update VehicleModel nodes
// mode: write
// params: $rows list<map>  model_id, make, model, first_year, last_year
// returns: none
UNWIND $rows AS row
MERGE (n:VehicleModel {model_id: row.model_id})
SET n.make = row.make,
    n.model = row.model,
    n.first_year = row.first_year,
    n.last_year = row.last_year
