// purpose: every fitment in blocks: vehicle and product, two lists of one length
// mode: read
// params: none
// returns: block, vehicles, products
MATCH (v:Vehicle)<-[:FITS]-(p:Product)
RETURN id(v) % 64 AS block, collect(id(v)) AS vehicles, collect(id(p)) AS products
