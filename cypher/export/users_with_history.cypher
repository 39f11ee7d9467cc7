// purpose: every user who did something, with the vehicle that they own
// mode: read
// params: none
// returns: id, user_id, vehicle_id
MATCH (u:User)
WHERE EXISTS { (u)-[:VIEWED|CARTED|ORDERED]->() }
OPTIONAL MATCH (u)-[:OWNS]->(v:Vehicle)
RETURN id(u) AS id, u.user_id AS user_id, min(v.vehicle_id) AS vehicle_id
