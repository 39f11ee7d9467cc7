// written by cypher/generate.py from templates/recommend/owners.template and cypher/templates/passages: edit those
// purpose: what owners like a user bought: the nearest users by what was learned, and owners of the same vehicle
// mode: read
// params: $user_id string           whose answer
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $exclude_days integer     what was bought within so many days is left out, in any colour
//         $candidates integer       how many neighbours the index is asked for
//         $rules maps               marketing's rules that hold today; [] for none
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id, reason
MATCH (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle)
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH u, v, sync, sync.live_slot AS slot
WITH u, v, sync, slot, 'embedding_' + slot AS embedding
// without the last two coordinates (popularity and padding): likeness, not fame
WITH u, v, sync, slot, embedding, coalesce(u[embedding], v[embedding])[..-2] AS learned
// a vector of nothing but zeros has no direction, and so is like nobody
WITH *, CASE WHEN any(x IN learned WHERE x <> 0) THEN learned END AS taste
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
CALL (v, taste, slot) {
  WITH v, taste, slot WHERE taste IS NOT NULL
  CALL db.index.vector.queryNodes('user_embedding_' + slot, $candidates, taste + [0.0, 0.0]) YIELD node AS other
  RETURN other
  UNION
  MATCH (v)<-[:OWNS]-(other:User)
  WHERE EXISTS { (other)-[:ORDERED]->() }
  RETURN other
}
WITH v, bought, people, taste, other, other[embedding][..-2] AS other_taste
WITH v, bought, people, other, EXISTS { (other)-[:OWNS]->(v) } AS same_vehicle,
     // without vectors every owner of the same vehicle counts the same
     CASE WHEN taste IS NULL OR other_taste IS NULL THEN 1.0
          WHEN all(x IN other_taste WHERE x = 0) THEN 0.0
          ELSE 2 * vector.similarity.cosine(taste, other_taste) - 1 END AS likeness
WHERE NOT other IN people AND likeness > 0
MATCH (other)-[:ORDERED]->(p:Product {eligible: true})-[:FITS]->(v)
WHERE NOT p.base_sku IN bought
  AND none(r IN $rules WHERE r.do = 'exclude' AND (r.sku = [] OR p.sku IN r.sku) AND (r.brand = [] OR toLower(coalesce(p.brand, '')) IN r.brand)
    AND (r.part_type = [] OR toLower(p.part_type) IN r.part_type)
    AND (r.price_from IS NULL OR coalesce(p.price >= r.price_from, false))
    AND (r.price_below IS NULL OR coalesce(p.price < r.price_below, false))
    AND (r.make = [] OR v.make IN r.make) AND (r.vehicle = [] OR replace(v.vehicle_id, '|', ' ') IN r.vehicle))
// all ids of one address are one person
WITH v, p, coalesce(other.email_hash, other.user_id) AS person, max(likeness) AS likeness,
     max(same_vehicle) AS same_vehicle
WITH v, p, sum(likeness) AS score, count(person) AS buyers, count(CASE WHEN same_vehicle THEN 1 END) AS same
WITH v, p, score, CASE buyers WHEN 1 THEN '1 owner' ELSE buyers + ' owners' END + ' like this one bought it' +
     CASE WHEN same > 0 THEN ', ' + same + ' with the same vehicle' ELSE '' END AS reason
ORDER BY score DESC, p.sku
WITH v, p.display_key AS family, collect({p: p, score: score, reason: reason})[0] AS best
ORDER BY best.score DESC, best.p.sku
WITH v, best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
UNWIND kept AS row
RETURN row.p.sku AS sku, row.p.title AS title, part_type, row.p.price AS price, row.p.image_url AS image_url,
       row.score AS score, 'owners' AS answered_by, v.vehicle_id AS vehicle_id, row.reason AS reason
ORDER BY score DESC, sku
LIMIT $k
