// purpose: purchases whose latest known time is not before the boundary, order lines that do not count included
// mode: read
// params: $boundary integer  epoch seconds; before it the latest time is the latest counted one
// returns: block, products, users, at
WITH datetime({epochSeconds: $boundary}) AS boundary
MATCH (u)-[r:ORDERED]->(p)
WHERE r.last_at >= boundary
RETURN id(r) / 4096 AS block, collect(id(p)) AS products, collect(id(u)) AS users,
       collect(r.last_at.epochSeconds) AS at
