// written by cypher/generate.py from templates/load_node.template and holley_graph/graph/schema.py: edit those
// purpose: create or update Vehicle nodes
// mode: write
// params: $rows list<map>  vehicle_id, year, make, model
// returns: none
UNWIND $rows AS row
MERGE (n:Vehicle {vehicle_id: row.vehicle_id})
SET n.year = row.year,
    n.make = row.make,
    n.model = row.model
