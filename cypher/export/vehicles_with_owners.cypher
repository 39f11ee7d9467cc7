// purpose: every vehicle with the number of its owners
// mode: read
// params: none
// returns: id, vehicle_id, year, make, model, owners
MATCH (v:Vehicle)
RETURN id(v) AS id, v.vehicle_id AS vehicle_id, v.year AS year, v.make AS make, v.model AS model,
       COUNT { (v)<-[:OWNS]-() } AS owners
