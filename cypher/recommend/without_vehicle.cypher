// purpose: parts for a user of a graph without vehicles, by the vector index; nothing bought lately
// mode: read
// params: $user_id string           whose answer
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $exclude_days integer     what was bought within so many days is left out, in any colour
//         $candidates integer       how many neighbours the index is asked for
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id, mixed, flipping
MATCH (u:User {user_id: $user_id})
WHERE u.embedding IS NOT NULL
MATCH (sync:Sync {id: 'graph'})
WITH u, sync, head(COLLECT { MATCH (r:Release {state: 'live'}) RETURN r }) AS release
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
WITH u, bought, release.number AS live,
     release.product_norm * sqrt(reduce(s = 0.0, x IN u.embedding | s + x * x)) AS scale
CALL db.index.vector.queryNodes('product_embedding', $candidates, u.embedding) YIELD node AS p, score AS similarity
WHERE p.eligible AND NOT p.base_sku IN bought
WITH live, u, collect({p: p, release: p.embedding_release, score: (2 * similarity - 1) * scale}) AS candidates
// read last: vectors of two releases can have met while one went live, or may soon; then the statement is run again
MATCH (now:Sync {id: 'graph'})
WITH candidates, coalesce(now.flipping, false) AS flipping,
     any(r IN [u.embedding_release] + [c IN candidates | c.release] WHERE r <> live) OR coalesce(live, 0) <> coalesce(head(COLLECT { MATCH (r:Release {state: 'live'}) RETURN r.number }), 0) AS mixed
UNWIND candidates AS candidate
WITH mixed, flipping, candidate.p AS p, candidate.score AS score
ORDER BY score DESC, p.sku
WITH mixed, flipping, p.display_key AS family, collect({p: p, score: score})[0] AS best
WITH mixed, flipping, best
ORDER BY best.score DESC, best.p.sku
WITH mixed, flipping, best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
UNWIND kept AS row
RETURN row.p.sku AS sku, row.p.title AS title, part_type, row.p.price AS price, row.p.image_url AS image_url,
       row.score AS score, 'user' AS answered_by, null AS vehicle_id, coalesce(mixed, false) AS mixed, flipping
ORDER BY score DESC, sku
LIMIT $k
