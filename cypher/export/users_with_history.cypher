// purpose: every user who did something, in blocks, with the vehicle that they own; -1 stands for none
// mode: read
// params: none
// returns: block, ids, user_ids, vehicles
MATCH (u:User)
WHERE EXISTS { (u)-[:VIEWED|CARTED|ORDERED]->() }
RETURN id(u) % 256 AS block, collect(id(u)) AS ids, collect(u.user_id) AS user_ids,
       collect(coalesce(head(COLLECT { MATCH (u)-[:OWNS]->(v:Vehicle) RETURN id(v) ORDER BY v.vehicle_id }), -1)) AS vehicles
