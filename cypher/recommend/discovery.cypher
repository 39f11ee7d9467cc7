// purpose: what owners of the vehicles nearest to a user's buy, where it fits the user's own
// mode: read
// params: $user_id string           whose answer
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $exclude_days integer     what was bought within so many days is left out, in any colour
//         $candidates integer       how many vehicles the index is asked for
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id, reason, mixed, flipping
MATCH (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle)
WHERE any(x IN v.embedding[..-2] WHERE x <> 0)
MATCH (sync:Sync {id: 'graph'})
WITH u, v, sync, head(COLLECT { MATCH (r:Release {state: 'live'}) RETURN r.number }) AS live
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
// without the last two coordinates (popularity and padding): likeness, not fame
WITH v, bought, people, live, v.embedding[..-2] AS taste
CALL db.index.vector.queryNodes('vehicle_embedding', $candidates, taste + [0.0, 0.0]) YIELD node AS near
WHERE near <> v AND any(x IN near.embedding[..-2] WHERE x <> 0)
WITH v, live, bought, people, near, 2 * vector.similarity.cosine(taste, near.embedding[..-2]) - 1 AS likeness,
     coalesce(v.embedding_release <> live, false) OR coalesce(near.embedding_release <> live, false) AS mixed
WHERE likeness > 0
MATCH (near)<-[:OWNS]-(owner:User)-[:ORDERED]->(p:Product {eligible: true})-[:FITS]->(v)
WHERE NOT p.base_sku IN bought AND NOT owner IN people
// all ids of one address are one person
WITH v, live, near, likeness, mixed, p, collect(DISTINCT coalesce(owner.email_hash, owner.user_id)) AS who
WITH v, live, near, likeness, mixed, p, who, size(who) AS buyers
ORDER BY likeness * log(1 + buyers) DESC, near.vehicle_id
WITH v, live, p, sum(likeness * log(1 + buyers)) AS score, collect(who) AS groups,
     any(m IN collect(mixed) WHERE m) AS mixed,
     head(collect(near.vehicle_id)) AS nearest
WITH v, live, p, score, mixed, nearest,
     size(COLLECT { UNWIND groups AS some UNWIND some AS person RETURN DISTINCT person }) AS buyers
WITH v, live, p, score, mixed,
     CASE buyers WHEN 1 THEN '1 owner' ELSE buyers + ' owners' END + ' of vehicles like this one bought it, such as the '
       + replace(nearest, '|', ' ') AS reason
ORDER BY score DESC, p.sku
WITH v, live, p.display_key AS family, collect({p: p, score: score, reason: reason, mixed: mixed})[0] AS best
ORDER BY best.score DESC, best.p.sku
WITH v, live, best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
// read last: vectors of two releases can have met while one went live, or may soon; then the statement is run again
MATCH (now:Sync {id: 'graph'})
WITH v, part_type, kept, coalesce(now.flipping, false) AS flipping,
     coalesce(live, 0) <> coalesce(head(COLLECT { MATCH (r:Release {state: 'live'}) RETURN r.number }), 0) AS changed
UNWIND kept AS row
RETURN row.p.sku AS sku, row.p.title AS title, part_type, row.p.price AS price, row.p.image_url AS image_url,
       row.score AS score, 'discovery' AS answered_by, v.vehicle_id AS vehicle_id, row.reason AS reason,
       coalesce(row.mixed, false) OR changed AS mixed, flipping
ORDER BY score DESC, sku
LIMIT $k
