// purpose: parts that fit a user's vehicle, best first; nothing bought lately, one colour of a part, few of one type
// mode: read
// params: $user_id string           whose answer
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $exclude_days integer     what was bought within so many days is left out, in any colour
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id
MATCH (u:User {user_id: $user_id})-[:OWNS]->(v)
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH u, v, sync, sync.live_slot AS slot
WITH u, v, sync, slot, 'embedding_' + slot AS embedding, 'lift_' + slot AS lift
// labels stand where a search begins: a relationship's type says what is at its end, and to look there costs
OPTIONAL MATCH (v)-[:OF_MODEL]->(model)-[:MADE_BY]->(make)
  WHERE u[embedding] IS NULL AND v[embedding] IS NULL
OPTIONAL MATCH (release:Release {slot: slot})
// who answers: the most specific vector there is
WITH u, v, sync, release, embedding, lift, release.product_norm AS norm,
     coalesce(u[embedding], v[embedding], model[embedding], make[embedding]) AS q,
     CASE WHEN u[embedding] IS NOT NULL THEN 'user'
          WHEN v[embedding] IS NOT NULL THEN 'vehicle'
          WHEN model[embedding] IS NOT NULL THEN 'segment'
          WHEN make[embedding] IS NOT NULL THEN 'make' END AS tier
// what this person bought, under any id with the same email
CALL (u, sync) {
  CALL (u) {
    RETURN u AS person
    UNION
    MATCH (person:User {email_hash: u.email_hash})
    RETURN person
  }
  MATCH (person)-[o:ORDERED]->(b)
  WHERE o.last_at >= sync.as_of - duration({days: $exclude_days})
  RETURN collect(DISTINCT b.base_sku) AS bought
}
// what this person did, for the paths to parts of one base SKU or one part type
CALL (u, sync, release) {
  MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a)
  WITH a, type(did) = 'ORDERED' AS ordered,
       reduce(s = 0.0, at IN coalesce(did.at, []) |
         s + 2 ^ ((at - sync.as_of.epochSeconds) / (release.path_half_life_days * 86400))) AS strength
  RETURN collect({base_sku: a.base_sku, part_type: a.part_type, ordered: ordered, strength: strength}) AS trail
}
WITH *, norm * sqrt(reduce(s = 0.0, x IN q | s + x * x)) AS scale
MATCH (v)<-[f:FITS]-(p {eligible: true})
WHERE NOT p.base_sku IN bought
// the inner product (all product vectors have the same length, so cosine times both lengths), the lift and the paths
WITH v, tier, p, p.sku AS sku,
     (2 * vector.similarity.cosine(q, p[embedding]) - 1) * scale + coalesce(f[lift], 0.0)
       + coalesce(release.path_same_part * log(1 + reduce(s = 0.0, x IN trail |
         s + CASE WHEN NOT x.ordered AND x.base_sku = p.base_sku THEN x.strength ELSE 0 END))
       + release.path_same_type * log(1 + reduce(s = 0.0, x IN trail |
         s + CASE WHEN NOT x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
       + release.path_same_type_ordered * log(1 + reduce(s = 0.0, x IN trail |
         s + CASE WHEN x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END)), 0.0) AS score,
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
