// purpose: what speaks for a part for a user, and what rules it out
// mode: read
// params: $user_id string        for whom
//         $sku string            the part
//         $exclude_days integer  what was bought within so many days is ruled out, in any colour
// returns: vehicle_id, fits, eligible, refurbished, price, image_url, part_type, title, score, answered_by, bought, owners_bought, model_bought, led_here, seen_together, same_type
MATCH (u:User {user_id: $user_id}), (p:Product {sku: $sku}), (sync:Sync {id: 'graph'})
OPTIONAL MATCH (release:Release {state: 'live'})
OPTIONAL MATCH (u)-[:OWNS]->(v:Vehicle)-[:OF_MODEL]->(model:VehicleModel)-[:MADE_BY]->(make:Make)
WITH u, p, sync, v, model, release.product_norm AS norm,
     coalesce(u.embedding, v.embedding, model.embedding, make.embedding) AS q,
     CASE WHEN u.embedding IS NOT NULL THEN 'user'
          WHEN v.embedding IS NOT NULL THEN 'vehicle'
          WHEN model.embedding IS NOT NULL THEN 'segment'
          WHEN make.embedding IS NOT NULL THEN 'make'
          ELSE 'global' END AS answered_by
CALL (u, p, sync) {
  CALL (u) {
    RETURN u AS person
    UNION
    MATCH (person:User {email_hash: u.email_hash})
    RETURN person
  }
  MATCH (person)-[o:ORDERED]->(b:Product {base_sku: p.base_sku})
  WHERE o.last_at >= sync.as_of - duration({days: $exclude_days})
  RETURN collect({sku: b.sku, last_at: toString(o.last_at)}) AS bought
}
RETURN v.vehicle_id AS vehicle_id,
       EXISTS { (p)-[:FITS]->(v) } AS fits,
       p.eligible AS eligible, p.refurbished AS refurbished, p.price AS price, p.image_url AS image_url,
       p.part_type AS part_type, p.title AS title,
       (2 * vector.similarity.cosine(q, p.embedding) - 1) * norm * sqrt(reduce(s = 0.0, x IN q | s + x * x)) AS score,
       answered_by, bought,
       COUNT { (v)<-[:OWNS]-(o:User)-[:ORDERED]->(p) WHERE o <> u } AS owners_bought,
       COUNT { (model)<-[:OF_MODEL]-(:Vehicle)<-[:OWNS]-(o:User)-[:ORDERED]->(p) WHERE o <> u } AS model_bought,
       COLLECT {
         MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a:Product)-[c:CO_PURCHASED]->(p)
         WITH DISTINCT {sku: a.sku, how: type(did), buyers: c.count, weight: c.weight} AS found
         RETURN found ORDER BY found.weight DESC, found.buyers DESC, found.sku LIMIT 5
       } AS led_here,
       COLLECT {
         MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a:Product)-[c:CO_VIEWED]-(p)
         WITH DISTINCT {sku: a.sku, how: type(did), sessions: c.count, weight: c.weight} AS found
         RETURN found ORDER BY found.weight DESC, found.sessions DESC, found.sku LIMIT 5
       } AS seen_together,
       COLLECT {
         MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a:Product {part_type: p.part_type})
         WHERE a <> p
         WITH DISTINCT {sku: a.sku, how: type(did), last_at: toString(did.last_at)} AS found
         RETURN found ORDER BY found.last_at DESC LIMIT 5
       } AS same_type
