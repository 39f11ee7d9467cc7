// written by cypher/generate.py from templates/recommend/vehicle.template and cypher/templates/passages: edit those
// purpose: parts that fit a vehicle, best first; one colour of a part, few of one type
// mode: read
// params: $vehicle_id string        YEAR|MAKE|MODEL
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $rules maps               marketing's rules that hold today; [] for none
//         $release string or null   run whose vectors answer, if the graph still has them; null: the live one
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id, rule
MATCH (v:Vehicle {vehicle_id: $vehicle_id})
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH v, CASE WHEN $release IS NULL THEN sync.live_slot ELSE head(COLLECT {
  MATCH (r:Release {run_id: $release}) WHERE r.slot IS NOT NULL RETURN r.slot
}) END AS slot
WHERE slot IS NOT NULL OR $release IS NULL
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
     // what marketing's rules say about the part
     [r IN $rules
       WHERE (r.sku = [] OR p.sku IN r.sku) AND (r.brand = [] OR toLower(coalesce(p.brand, '')) IN r.brand)
         AND (r.part_type = [] OR toLower(p.part_type) IN r.part_type)
         AND (r.price_from IS NULL OR coalesce(p.price >= r.price_from, false))
         AND (r.price_below IS NULL OR coalesce(p.price < r.price_below, false))
         AND (r.make = [] OR v.make IN r.make) AND (r.vehicle = [] OR replace(v.vehicle_id, '|', ' ') IN r.vehicle)] AS said,
     (2 * vector.similarity.cosine(q, p[embedding]) - 1) * scale + coalesce(f[lift], 0.0) AS score,
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
