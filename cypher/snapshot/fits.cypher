// purpose: every fitment in blocks of one stretch of the store: vehicle and product, two lists of one length
// mode: read
// params: none
// returns: block, vehicles, products
MATCH (p)-[r:FITS]->(v)
RETURN id(r) / 4096 AS block, collect(id(v)) AS vehicles, collect(id(p)) AS products
