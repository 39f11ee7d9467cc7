// purpose: who owns which vehicle, in blocks of one stretch of the store
// mode: read
// params: none
// returns: block, users, vehicles
MATCH (u)-[r:OWNS]->(v)
RETURN id(r) / 4096 AS block, collect(id(u)) AS users, collect(id(v)) AS vehicles
