// purpose: the latest known purchase of every buyer in blocks; order lines past the boundary included
// mode: read
// params: none
// returns: block, products, users, at
MATCH (p:Product)<-[r:ORDERED]-(u:User)
RETURN id(p) % 256 AS block, collect(id(p)) AS products, collect(id(u)) AS users,
       collect(r.last_at.epochSeconds) AS at
