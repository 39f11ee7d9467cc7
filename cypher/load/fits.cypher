// written by cypher/generate.py from templates/load_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: create or update FITS relationships
// mode: write
// params: $rows list<map>  sku, vehicle_id
// returns: none
UNWIND $rows AS row
MATCH (a:Product {sku: row.sku})
MATCH (b:Vehicle {vehicle_id: row.vehicle_id})
MERGE (a)-[r:FITS]->(b)
