// written by cypher/generate.py from templates/snapshot_events.template and holley_graph/graph/schema.py: edit those
// purpose: every counted VIEWED event in blocks of one stretch of the store: product, user and time, lists of one length
// mode: read
// params: none
// returns: block, products, users, at
MATCH (u)-[r:VIEWED]->(p)
UNWIND r.at AS time
RETURN id(r) / 4096 AS block, collect(id(p)) AS products, collect(id(u)) AS users, collect(time) AS at
