// purpose: every counted VIEWED event in blocks: product, user and time, three lists of one length
// mode: read
// params: none
// returns: block, products, users, at
MATCH (p:Product)<-[r:VIEWED]-(u:User)
UNWIND r.at AS time
RETURN id(p) % 256 AS block, collect(id(p)) AS products, collect(id(u)) AS users, collect(time) AS at
