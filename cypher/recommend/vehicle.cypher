// purpose: parts that fit a vehicle, best first; one colour of a part, few of one type
// mode: read
// params: $vehicle_id string        YEAR|MAKE|MODEL
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id
MATCH (v:Vehicle {vehicle_id: $vehicle_id})
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH v, sync.live_slot AS slot
WITH v, slot, 'embedding_' + slot AS embedding, 'lift_' + slot AS lift
// labels stand where a search begins: a relationship's type says what is at its end, and to look there costs
OPTIONAL MATCH (v)-[:OF_MODEL]->(model)-[:MADE_BY]->(make)
  WHERE v[embedding] IS NULL
OPTIONAL MATCH (release:Release {slot: slot})
// who answers: the most specific vector there is
WITH v, embedding, lift, release.product_norm AS norm,
     coalesce(v[embedding], model[embedding], make[embedding]) AS q,
     CASE WHEN v[embedding] IS NOT NULL THEN 'vehicle'
          WHEN model[embedding] IS NOT NULL THEN 'segment'
          WHEN make[embedding] IS NOT NULL THEN 'make' END AS tier
WITH *, norm * sqrt(reduce(s = 0.0, x IN q | s + x * x)) AS scale
MATCH (v)<-[f:FITS]-(p {eligible: true})
// the inner product (all product vectors have the same length, so cosine times both lengths), and the lift
WITH v, tier, p, p.sku AS sku,
     (2 * vector.similarity.cosine(q, p[embedding]) - 1) * scale + coalesce(f[lift], 0.0) AS score,
     CASE WHEN q IS NULL OR p[embedding] IS NULL THEN COUNT {
       MATCH (p)<-[:ORDERED]-(b) RETURN DISTINCT coalesce(b.email_hash, b.user_id)
     } ELSE 0 END AS buyers
ORDER BY score IS NULL, score DESC, buyers DESC, sku
WITH v, tier, p.display_key AS family, collect({p: p, sku: sku, score: score, buyers: buyers})[0] AS best
WITH v.vehicle_id AS vehicle_id, tier, best
ORDER BY best.score IS NULL, best.score DESC, best.buyers DESC, best.sku
WITH vehicle_id, tier, best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
UNWIND kept AS row
RETURN row.sku AS sku, row.p.title AS title, part_type, row.p.price AS price,
       row.p.image_url AS image_url, row.score AS score,
       CASE WHEN row.score IS NULL THEN 'global' ELSE tier END AS answered_by, vehicle_id
ORDER BY score IS NULL, score DESC, row.buyers DESC, sku
LIMIT $k
