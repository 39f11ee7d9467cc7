// purpose: create or update FITS relationships
// mode: write
// params: $rows list<map>  sku, vehicle_id
// returns: none
UNWIND $rows AS row
MATCH (a:Product {sku: row.sku})
MATCH (b:Vehicle {vehicle_id: row.vehicle_id})
MERGE (a)-[r:FITS]->(b)
