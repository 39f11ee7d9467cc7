// purpose: parts that fit a user's vehicle, best first; nothing bought lately, one colour of a part, few of one type
// mode: read
// params: $user_id string           whose answer
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $exclude_days integer     what was bought within so many days is left out, in any colour
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id, mixed
MATCH (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle)
MATCH (sync:Sync {id: 'graph'})
OPTIONAL MATCH (v)-[:OF_MODEL]->(model:VehicleModel)-[:MADE_BY]->(make:Make)
WITH *, head(COLLECT { MATCH (r:Release {state: 'live'}) RETURN r }) AS release
// who answers: the most specific vector there is
WITH u, v, sync, release.product_norm AS norm,
     coalesce(u.embedding, v.embedding, model.embedding, make.embedding) AS q,
     CASE WHEN u.embedding IS NOT NULL THEN 'user'
          WHEN v.embedding IS NOT NULL THEN 'vehicle'
          WHEN model.embedding IS NOT NULL THEN 'segment'
          WHEN make.embedding IS NOT NULL THEN 'make' END AS tier,
     coalesce(u.embedding_release, v.embedding_release, model.embedding_release, make.embedding_release) AS q_release,
     release.number AS live
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
WITH *, norm * sqrt(reduce(s = 0.0, x IN q | s + x * x)) AS scale
MATCH (v)<-[:FITS]-(p:Product {eligible: true})
WHERE NOT p.base_sku IN bought
// the inner product: all product vectors have the same length, so cosine times both lengths
WITH v, tier, q_release, live,
     collect({p: p, release: p.embedding_release, score: (2 * vector.similarity.cosine(q, p.embedding) - 1) * scale})
       AS candidates
// a statement that runs while a release goes live can meet vectors of both: it says so and is run again
WITH v, tier, candidates, any(r IN [q_release] + [c IN candidates | c.release] WHERE r <> live) AS mixed
UNWIND candidates AS candidate
WITH v, mixed, tier, candidate.p AS p, candidate.score AS score
WITH v, mixed, p, score, CASE WHEN score IS NULL THEN 'global' ELSE tier END AS answered_by,
     CASE WHEN score IS NULL THEN COUNT { (p)<-[:ORDERED]-() } ELSE 0 END AS buyers
ORDER BY score IS NULL, score DESC, buyers DESC, p.sku
WITH v, mixed, p.display_key AS family, collect({p: p, score: score, buyers: buyers, answered_by: answered_by})[0] AS best
WITH v, mixed, best
ORDER BY best.score IS NULL, best.score DESC, best.buyers DESC, best.p.sku
WITH v, mixed, best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
UNWIND kept AS row
RETURN row.p.sku AS sku, row.p.title AS title, part_type, row.p.price AS price, row.p.image_url AS image_url,
       row.score AS score, row.answered_by AS answered_by, v.vehicle_id AS vehicle_id, coalesce(mixed, false) AS mixed
ORDER BY score IS NULL, score DESC, row.buyers DESC, sku
LIMIT $k
