// purpose: parts like a part: neighbours from the vector index, ordered by the exact cosine of what was learned
// mode: read
// params: $sku string          the part
//         $k integer           how many
//         $candidates integer  how many neighbours the index is asked for
//         $rules maps               marketing's rules that hold today; [] for none
// returns: sku, title, part_type, price, similarity, shared_vehicles
MATCH (a:Product {sku: $sku})
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH a, sync.live_slot AS slot
WITH a, slot, 'embedding_' + slot AS embedding
// without the last two coordinates (popularity and padding): likeness, not fame
WITH a, slot, embedding, a[embedding][..-2] AS taste
WHERE any(x IN taste WHERE x <> 0)  // a vector without a direction is like no other
CALL db.index.vector.queryNodes('product_embedding_' + slot, $candidates, taste + [0.0, 0.0]) YIELD node AS p
WITH a, p, taste, p[embedding][..-2] AS other
WHERE p <> a AND p.display_key <> a.display_key AND p.eligible AND any(x IN other WHERE x <> 0)
  AND none(r IN $rules WHERE r.do = 'exclude' AND (r.sku = [] OR p.sku IN r.sku)
    AND (r.brand = [] OR toLower(coalesce(p.brand, '')) IN r.brand) AND (r.part_type = [] OR toLower(p.part_type) IN r.part_type)
    AND (r.price_from IS NULL OR coalesce(p.price >= r.price_from, false))
    AND (r.price_below IS NULL OR coalesce(p.price < r.price_below, false))
    AND r.make = [] AND r.vehicle = [])
WITH a, p, 2 * vector.similarity.cosine(taste, other) - 1 AS similarity
ORDER BY similarity DESC, p.sku
WITH a, p.display_key AS family, collect({p: p, similarity: similarity})[0] AS best
RETURN best.p.sku AS sku, best.p.title AS title, best.p.part_type AS part_type, best.p.price AS price,
       best.similarity AS similarity, COUNT { (a)-[:FITS]->(:Vehicle)<-[:FITS]-(q) WHERE q = best.p } AS shared_vehicles
ORDER BY similarity DESC, sku
LIMIT $k
