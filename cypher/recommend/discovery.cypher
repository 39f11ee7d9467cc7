// written by cypher/generate.py from templates/recommend/discovery.template and cypher/templates/passages: edit those
// purpose: what owners of a user's model buy, those of near years above all, and of the vehicles nearest to it; only what fits
// mode: read
// params: $user_id string           whose answer
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $exclude_days integer     what was bought within so many days is left out, in any colour
//         $candidates integer       how many vehicles the index is asked for
//         $rules maps               marketing's rules that hold today; [] for none
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id, reason
MATCH (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle)
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH u, v, sync, sync.live_slot AS slot
WITH u, v, sync, slot, 'embedding_' + slot AS embedding
// without the last two coordinates (popularity and padding): likeness, not fame
WITH u, v, sync, slot, embedding, v[embedding][..-2] AS learned
// a vector of nothing but zeros has no direction, and so is near to none
WITH u, v, sync, slot, embedding, CASE WHEN any(x IN learned WHERE x <> 0) THEN learned END AS taste
// what this person bought, under any id with the same email
CALL (u, sync) {
  CALL (u) {
    RETURN u AS person
    UNION
    MATCH (person:User {email_hash: u.email_hash})
    RETURN person
  }
  OPTIONAL MATCH (person)-[o:ORDERED]->(b:Product)
  WHERE o.last_at >= sync.as_of - duration({days: $exclude_days})
  RETURN collect(DISTINCT b.base_sku) AS bought, collect(DISTINCT person) AS people
}
CALL (v, slot, embedding, taste) {
  // owners of the same model say most, and three years apart a third of that (docs/experiments.md)
  MATCH (v)-[:OF_MODEL]->(model:VehicleModel)
  MATCH (model)<-[:OF_MODEL]-(near:Vehicle)
  RETURN near, exp(-abs(near.year - v.year) / 3.0) AS likeness
  UNION
  // a near vehicle of another model decides where the model says nothing: counting more made the answer worse
  WITH v, slot, embedding, taste WHERE taste IS NOT NULL
  CALL db.index.vector.queryNodes('vehicle_embedding_' + slot, $candidates, taste + [0.0, 0.0]) YIELD node AS near
  WITH v, near, taste, near[embedding][..-2] AS near_taste
  WHERE NOT (near.make = v.make AND near.model = v.model) AND any(x IN near_taste WHERE x <> 0)
  WITH near, 2 * vector.similarity.cosine(taste, near_taste) - 1 AS cosine
  WHERE cosine > 0
  RETURN near, 0.01 * cosine AS likeness
}
MATCH (near)<-[:OWNS]-(owner:User)-[:ORDERED]->(p:Product {eligible: true})-[:FITS]->(v)
WHERE NOT p.base_sku IN bought AND NOT owner IN people
  AND none(r IN $rules WHERE r.do = 'exclude' AND (r.sku = [] OR p.sku IN r.sku) AND (r.brand = [] OR toLower(coalesce(p.brand, '')) IN r.brand)
    AND (r.part_type = [] OR toLower(p.part_type) IN r.part_type)
    AND (r.price_from IS NULL OR coalesce(p.price >= r.price_from, false))
    AND (r.price_below IS NULL OR coalesce(p.price < r.price_below, false))
    AND (r.make = [] OR v.make IN r.make) AND (r.vehicle = [] OR replace(v.vehicle_id, '|', ' ') IN r.vehicle))
// all ids of one address are one person
WITH v, near, likeness, p, collect(DISTINCT coalesce(owner.email_hash, owner.user_id)) AS who
WITH v, near, likeness, p, who, size(who) AS buyers
// another vehicle is the better example
ORDER BY near = v, likeness * buyers DESC, near.vehicle_id
WITH v, p, sum(likeness * buyers) AS score, collect(who) AS groups, head(collect(near.vehicle_id)) AS nearest
WITH v, p, score, nearest,
     size(COLLECT { UNWIND groups AS some UNWIND some AS person RETURN DISTINCT person }) AS buyers
WITH v, p, score,
     CASE buyers WHEN 1 THEN '1 owner' ELSE buyers + ' owners' END + ' of vehicles like this one bought it, such as the '
       + replace(nearest, '|', ' ') AS reason
ORDER BY score DESC, p.sku
WITH v, p.display_key AS family, collect({p: p, score: score, reason: reason})[0] AS best
ORDER BY best.score DESC, best.p.sku
WITH v, best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
UNWIND kept AS row
RETURN row.p.sku AS sku, row.p.title AS title, part_type, row.p.price AS price, row.p.image_url AS image_url,
       row.score AS score, 'discovery' AS answered_by, v.vehicle_id AS vehicle_id, row.reason AS reason
ORDER BY score DESC, sku
LIMIT $k
