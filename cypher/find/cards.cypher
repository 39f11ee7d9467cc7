// purpose: what a page shows of parts, by their numbers
// mode: read
// params: $skus strings  the parts
// returns: sku, title, brand, part_type, price, image_url, eligible, vehicles
UNWIND $skus AS sku
MATCH (p:Product {sku: sku})
RETURN p.sku AS sku, p.title AS title, p.brand AS brand, p.part_type AS part_type, p.price AS price,
       p.image_url AS image_url, p.eligible AS eligible, COUNT { (p)-[:FITS]->() } AS vehicles
