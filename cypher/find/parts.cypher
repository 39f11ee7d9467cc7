// purpose: parts by number, title, type and brand, those that most people ordered first
// mode: read
// params: $words string  in the language of the full-text index
//         $k integer     how many
// returns: sku, title, part_type, price, eligible, buyers, vehicles
CALL db.index.fulltext.queryNodes('part_search', $words) YIELD node AS p
WITH p, COUNT { (p)<-[:ORDERED]-() } AS orders
ORDER BY orders DESC, p.sku
LIMIT $k
RETURN p.sku AS sku, p.title AS title, p.part_type AS part_type, p.price AS price, p.eligible AS eligible,
       // all ids of one address are one person
       COUNT { MATCH (p)<-[:ORDERED]-(u) RETURN DISTINCT coalesce(u.email_hash, u.user_id) } AS buyers,
       COUNT { (p)-[:FITS]->() } AS vehicles
ORDER BY orders DESC, sku
