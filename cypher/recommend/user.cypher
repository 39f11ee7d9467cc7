// written by cypher/generate.py from templates/recommend/user.template and cypher/templates/passages: edit those
// purpose: parts that fit a user's vehicle, best first; nothing bought lately, one colour of a part, few of one type
// mode: read
// params: $user_id string           whose answer
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $rules maps               marketing's rules that hold today; [] for none
//         $exclude_days integer     what was bought within so many days is left out, in any colour
//         $release string or null   run whose vectors answer, if the graph still has them; null: the live one
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id, rule
MATCH (u:User {user_id: $user_id})-[:OWNS]->(v)
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH u, v, sync, CASE WHEN $release IS NULL THEN sync.live_slot ELSE head(COLLECT {
  MATCH (r:Release {run_id: $release}) WHERE r.slot IS NOT NULL RETURN r.slot
}) END AS slot
WHERE slot IS NOT NULL OR $release IS NULL
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
// what this person did, for the paths to the same SKU, base SKU or part type
CALL (u, sync, release) {
  MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a)
  WITH a, type(did) = 'ORDERED' AS ordered,
       coalesce(release.path_gain, 1.0) * reduce(s = 0.0, at IN coalesce(did.at, []) |
         s + 2 ^ ((at - sync.as_of.epochSeconds) / (release.path_half_life_days * 86400))) AS strength
  RETURN collect({sku: a.sku, base_sku: a.base_sku, part_type: a.part_type, ordered: ordered, strength: strength}) AS trail
}
WITH *, norm * sqrt(reduce(s = 0.0, x IN q | s + x * x)) AS scale
MATCH (v)<-[f:FITS]-(p {eligible: true})
WHERE NOT p.base_sku IN bought
// the inner product (all product vectors have the same length, so cosine times both lengths), the lift and the paths
WITH v, tier, p, p.sku AS sku,
     // what marketing's rules say about the part
     [r IN $rules
       WHERE (r.sku = [] OR p.sku IN r.sku) AND (r.brand = [] OR toLower(coalesce(p.brand, '')) IN r.brand)
         AND (r.part_type = [] OR toLower(p.part_type) IN r.part_type)
         AND (r.price_from IS NULL OR coalesce(p.price >= r.price_from, false))
         AND (r.price_below IS NULL OR coalesce(p.price < r.price_below, false))
         AND (r.make = [] OR v.make IN r.make) AND (r.vehicle = [] OR replace(v.vehicle_id, '|', ' ') IN r.vehicle)] AS said,
     (2 * vector.similarity.cosine(q, p[embedding]) - 1) * scale + coalesce(f[lift], 0.0)
       + coalesce(release.path_same_part * log(1 + reduce(s = 0.0, x IN trail |
           s + CASE WHEN NOT x.ordered AND x.base_sku = p.base_sku THEN x.strength ELSE 0 END))
         + release.path_same_type * log(1 + reduce(s = 0.0, x IN trail |
           s + CASE WHEN NOT x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
         + release.path_same_type_ordered * log(1 + reduce(s = 0.0, x IN trail |
           s + CASE WHEN x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
         + coalesce(release.path_same_sku, 0.0) * log(1 + reduce(s = 0.0, x IN trail |
           s + CASE WHEN NOT x.ordered AND x.sku = p.sku THEN x.strength ELSE 0 END)), 0.0) AS score,
     CASE WHEN q IS NULL OR p[embedding] IS NULL THEN COUNT {
       MATCH (p)<-[:ORDERED]-(b) RETURN DISTINCT coalesce(b.email_hash, b.user_id)
     } ELSE 0 END AS buyers
WITH v.vehicle_id AS vehicle_id, tier, p, sku, said, score, buyers, score + reduce(s = 0.0, r IN said | s + r.adds) AS lifted,
     any(r IN said WHERE r.do = 'bury') AS buried
WHERE none(r IN said WHERE r.do = 'exclude')
ORDER BY buried, lifted IS NULL, lifted DESC, buyers DESC, sku
WITH vehicle_id, tier, collect({p: p, sku: sku, family: p.display_key, said: said, score: score, buyers: buyers,
                                lifted: lifted, buried: buried}) AS parts
// what a pin or a keep asks for: its best parts, one of a family
WITH *, reduce(held = [], r IN [r IN $rules WHERE r.slots > 0] | held +
  reduce(best = [], c IN parts | CASE
    WHEN size(best) < r.slots AND r.name IN [s IN c.said | s.name] AND none(b IN best WHERE b.family = c.family)
    THEN best + [{sku: c.sku, family: c.family, do: r.do, name: r.name}] ELSE best END)) AS held
UNWIND parts AS c
WITH vehicle_id, tier, c, [h IN held WHERE h.sku = c.sku] AS held
ORDER BY held = [], c.buried, c.lifted IS NULL, c.lifted DESC, c.buyers DESC, c.sku
WITH vehicle_id, tier, c.family AS family, collect({c: c, held: held})[0] AS best
ORDER BY best.held = [], best.c.buried, best.c.lifted IS NULL, best.c.lifted DESC, best.c.buyers DESC, best.c.sku
WITH vehicle_id, tier, best.c.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
UNWIND kept AS row
WITH vehicle_id, tier, part_type, row.c AS c, row.held AS held
ORDER BY held = [], c.buried, c.lifted IS NULL, c.lifted DESC, c.buyers DESC, c.sku
LIMIT $k
RETURN c.sku AS sku, c.p.title AS title, part_type, c.p.price AS price, c.p.image_url AS image_url, c.score AS score,
     CASE WHEN c.score IS NULL THEN 'global' ELSE tier END AS answered_by, vehicle_id,
     head([r IN c.said WHERE r.slots = 0 OR any(h IN held WHERE h.name = r.name) | r.name]) AS rule
ORDER BY none(h IN held WHERE h.do = 'pin'), c.buried, c.lifted IS NULL, c.lifted DESC, c.buyers DESC, c.sku
