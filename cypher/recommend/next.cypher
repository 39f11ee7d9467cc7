// written by cypher/generate.py from templates/recommend/next.template and cypher/templates/passages: edit those
// purpose: what is bought next after a part, in that direction; only what fits a vehicle that the part fits too
// mode: read
// params: $sku string             the part
//         $k integer              how many parts
//         $per_part_type integer  at most this many of one part type
//         $candidates integer     how many neighbours the index is asked for
//         $rules maps               marketing's rules that hold today; [] for none
// returns: sku, title, part_type, price, image_url, score, buyers, buyers_back, shared_vehicles, reason
MATCH (a:Product {sku: $sku})
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH a, sync.live_slot AS slot, COLLECT { MATCH (a)-[:FITS]->(v:Vehicle) RETURN v } AS vehicles
OPTIONAL MATCH (release:Release {slot: slot})
WITH a, slot, vehicles, release.product_norm AS norm, 'embedding_' + slot AS embedding, a['embedding_anchor_' + slot] AS q
CALL (a, slot, q) {
  MATCH (a)-[:CO_PURCHASED]->(p:Product)
  RETURN p
  UNION
  WITH slot, q WHERE q IS NOT NULL
  CALL db.index.vector.queryNodes('product_embedding_' + slot, $candidates, q) YIELD node AS p
  RETURN p
}
WITH a, q, norm, embedding, vehicles, p
WHERE p.eligible AND p.base_sku <> a.base_sku AND p.display_key <> a.display_key
  AND none(r IN $rules WHERE r.do = 'exclude' AND (r.sku = [] OR p.sku IN r.sku) AND (r.brand = [] OR toLower(coalesce(p.brand, '')) IN r.brand)
    AND (r.part_type = [] OR toLower(p.part_type) IN r.part_type)
    AND (r.price_from IS NULL OR coalesce(p.price >= r.price_from, false))
    AND (r.price_below IS NULL OR coalesce(p.price < r.price_below, false))
    AND r.make = [] AND r.vehicle = [])
WITH a, q, norm, embedding, p, COUNT { (p)-[:FITS]->(v) WHERE v IN vehicles } AS shared_vehicles
WHERE shared_vehicles > 0 OR NOT EXISTS { MATCH (:Vehicle) }
OPTIONAL MATCH (a)-[there:CO_PURCHASED]->(p)
OPTIONAL MATCH (p)-[back:CO_PURCHASED]->(a)
WITH p, shared_vehicles, coalesce(there.count, 0) AS buyers, coalesce(back.count, 0) AS buyers_back,
     // what was learned, and how much more often than by chance it was so (less where few did it): logarithms both
     coalesce((2 * vector.similarity.cosine(q, p[embedding]) - 1) * norm
       * sqrt(reduce(s = 0.0, x IN q | s + x * x)), 0.0) + coalesce(there.weight * there.count / (there.count + 1), 0.0) AS score
ORDER BY score DESC, buyers DESC, p.sku
WITH p.display_key AS family,
     collect({p: p, score: score, buyers: buyers, back: buyers_back, shared: shared_vehicles})[0] AS best
ORDER BY best.score DESC, best.buyers DESC, best.p.sku
WITH best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
UNWIND kept AS row
RETURN row.p.sku AS sku, row.p.title AS title, part_type, row.p.price AS price, row.p.image_url AS image_url,
       row.score AS score, row.buyers AS buyers, row.back AS buyers_back, row.shared AS shared_vehicles,
       CASE row.buyers WHEN 0 THEN 'by what was learned' WHEN 1 THEN '1 person bought it next'
         ELSE row.buyers + ' people bought it next' END AS reason
ORDER BY score DESC, buyers DESC, sku
LIMIT $k
