// written by cypher/generate.py from templates/recommend/intent.template and cypher/templates/passages: edit those
// purpose: fitting parts that follow from what a user looked at, added to the cart or bought; recent actions count most
// mode: read
// params: $user_id string           whose answer
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
//         $exclude_days integer     what was bought within so many days is left out, in any colour
//         $seeds integer            how many parts of the user's history lead on, heaviest first
//         $rules maps               marketing's rules that hold today; [] for none
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id, reason
MATCH (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle)
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH u, v, sync, sync.live_slot AS slot
OPTIONAL MATCH (release:Release {slot: slot})
WITH u, v, sync, release.product_norm AS norm, 'embedding_' + slot AS embedding, 'embedding_anchor_' + slot AS anchor
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
// weights have decayed, all to the same moment; a seed's share of them is its say
CALL (u) {
  MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a:Product)
  WHERE did.weight > 0
  WITH a, sum(did.weight) AS weight, collect(did) AS did
  ORDER BY weight DESC, a.sku LIMIT $seeds
  WITH collect({a: a, weight: weight, how: head(COLLECT {
    UNWIND did AS d
    RETURN {VIEWED: 'looked at', CARTED: 'added to the cart', ORDERED: 'bought'}[type(d)] ORDER BY d.weight DESC, type(d)
  })}) AS all
  RETURN [s IN all | {a: s.a, how: s.how, share: s.weight / reduce(sum = 0.0, t IN all | sum + t.weight)}] AS seeds
}
MATCH (v)<-[:FITS]-(p:Product {eligible: true})
WHERE NOT p.base_sku IN bought AND none(s IN seeds WHERE s.a.base_sku = p.base_sku OR s.a.display_key = p.display_key)
  AND none(r IN $rules WHERE r.do = 'exclude' AND (r.sku = [] OR p.sku IN r.sku) AND (r.brand = [] OR toLower(coalesce(p.brand, '')) IN r.brand)
    AND (r.part_type = [] OR toLower(p.part_type) IN r.part_type)
    AND (r.price_from IS NULL OR coalesce(p.price >= r.price_from, false))
    AND (r.price_below IS NULL OR coalesce(p.price < r.price_below, false))
    AND (r.make = [] OR v.make IN r.make) AND (r.vehicle = [] OR replace(v.vehicle_id, '|', ' ') IN r.vehicle))
// what a seed says of a part: the inner product of its anchor vector, and how much more often than by chance the
// two were bought in this order or seen in one session (less where it was rare); all are logarithms, so they add
UNWIND seeds AS seed
WITH v, norm, embedding, anchor, p, seed, seed.a AS a
OPTIONAL MATCH (a)-[next:CO_PURCHASED]->(p)
OPTIONAL MATCH (a)-[seen:CO_VIEWED]-(p)
WITH v, p, seed, next, seen,
     (2 * vector.similarity.cosine(a[anchor], p[embedding]) - 1) * norm
       * sqrt(reduce(s = 0.0, x IN a[anchor] | s + x * x)) AS learned
WITH v, p, seed, next, seen, learned,
     seed.share * (coalesce(learned, 0.0) + coalesce(next.weight * next.count / (next.count + 1), 0.0)
       + coalesce(seen.weight * seen.count / (seen.count + 1), 0.0)) AS part
ORDER BY part DESC, seed.a.sku
WITH v, p, sum(part) AS score, count(learned) + count(next) + count(seen) AS signs,
     collect({sku: seed.a.sku, how: seed.how, buyers: next.count, sessions: seen.count})[0] AS best
WHERE signs > 0
WITH v, p, score, 'leads on from ' + best.sku + ', which this user ' + best.how +
     CASE WHEN best.buyers = 1 THEN ': 1 person bought it next'
          WHEN best.buyers > 1 THEN ': ' + best.buyers + ' people bought it next'
          WHEN best.sessions = 1 THEN ': seen together in 1 session'
          WHEN best.sessions > 1 THEN ': seen together in ' + best.sessions + ' sessions'
          ELSE ', by what was learned' END AS reason
ORDER BY score DESC, p.sku
WITH v, p.display_key AS family, collect({p: p, score: score, reason: reason})[0] AS best
ORDER BY best.score DESC, best.p.sku
WITH v, best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
UNWIND kept AS row
RETURN row.p.sku AS sku, row.p.title AS title, part_type, row.p.price AS price, row.p.image_url AS image_url,
       row.score AS score, 'intent' AS answered_by, v.vehicle_id AS vehicle_id, row.reason AS reason
ORDER BY score DESC, sku
LIMIT $k
