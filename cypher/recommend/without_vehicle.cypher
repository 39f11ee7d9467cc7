// written by cypher/generate.py from templates/recommend/without_vehicle.template and cypher/templates/passages: edit those
// purpose: parts for a user of a graph without vehicles, by the vector index; nothing bought lately
// mode: read
// params: $user_id string           whose answer
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $exclude_days integer     what was bought within so many days is left out, in any colour
//         $candidates integer       how many neighbours the index is asked for
//         $rules maps               marketing's rules that hold today; [] for none
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id
MATCH (u:User {user_id: $user_id})
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH u, sync, sync.live_slot AS slot
WITH u, sync, slot, u['embedding_' + slot] AS q
WHERE q IS NOT NULL
MATCH (release:Release {slot: slot})
// what this person bought, under any id with the same email
CALL (u, sync) {
  CALL (u) {
    RETURN u AS person
    UNION
    MATCH (person:User {email_hash: u.email_hash})
    RETURN person
  }
  MATCH (person)-[o:ORDERED]->(b:Product)
  WHERE o.last_at >= sync.as_of - duration({days: $exclude_days})
  RETURN collect(DISTINCT b.base_sku) AS bought
}
WITH slot, q, 'embedding_' + slot AS embedding, bought, release.product_norm * sqrt(reduce(s = 0.0, x IN q | s + x * x)) AS scale
CALL db.index.vector.queryNodes('product_embedding_' + slot, $candidates, q) YIELD node AS p
WHERE p.eligible AND NOT p.base_sku IN bought
  AND none(r IN $rules WHERE r.do = 'exclude' AND (r.sku = [] OR p.sku IN r.sku) AND (r.brand = [] OR toLower(coalesce(p.brand, '')) IN r.brand)
    AND (r.part_type = [] OR toLower(p.part_type) IN r.part_type)
    AND (r.price_from IS NULL OR coalesce(p.price >= r.price_from, false))
    AND (r.price_below IS NULL OR coalesce(p.price < r.price_below, false))
    AND r.make = [] AND r.vehicle = [])
// the index may keep its vectors coarser: the score is of those that are stored
WITH p, (2 * vector.similarity.cosine(q, p[embedding]) - 1) * scale AS score
ORDER BY score DESC, p.sku
WITH p.display_key AS family, collect({p: p, score: score})[0] AS best
ORDER BY best.score DESC, best.p.sku
WITH best.p.part_type AS part_type, collect(best) AS kept
// parts of unknown type need not be alike
UNWIND kept[..CASE part_type WHEN 'UNKNOWN' THEN $k ELSE $per_part_type END] AS row
RETURN row.p.sku AS sku, row.p.title AS title, part_type, row.p.price AS price, row.p.image_url AS image_url,
       row.score AS score, 'user' AS answered_by, null AS vehicle_id
ORDER BY score DESC, sku
LIMIT $k
