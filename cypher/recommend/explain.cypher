// written by cypher/generate.py from templates/recommend/explain.template and cypher/templates/passages: edit those
// purpose: what speaks for a part for a user, and what rules it out
// mode: read
// params: $user_id string        for whom
//         $sku string            the part
//         $exclude_days integer  what was bought within so many days is ruled out, in any colour
// returns: vehicle_id, fits, eligible, refurbished, price, image_url, part_type, title, score, popularity, lift, own_history, answered_by, bought, owners_bought, model_bought, led_here, seen_together, same_type
MATCH (u:User {user_id: $user_id}), (p:Product {sku: $sku}), (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH u, p, sync, sync.live_slot AS slot
WITH u, p, sync, slot, 'embedding_' + slot AS embedding, 'lift_' + slot AS lift
OPTIONAL MATCH (release:Release {slot: slot})
OPTIONAL MATCH (u)-[:OWNS]->(v:Vehicle)-[:OF_MODEL]->(model:VehicleModel)-[:MADE_BY]->(make:Make)
OPTIONAL MATCH (p)-[f:FITS]->(v)
WITH u, p, sync, release, v, f, model, embedding, lift, release.product_norm AS norm,
     coalesce(u[embedding], v[embedding], model[embedding], make[embedding]) AS q,
     CASE WHEN u[embedding] IS NOT NULL THEN 'user'
          WHEN v[embedding] IS NOT NULL THEN 'vehicle'
          WHEN model[embedding] IS NOT NULL THEN 'segment'
          WHEN make[embedding] IS NOT NULL THEN 'make'
          ELSE 'global' END AS answered_by
CALL (u, p, sync) {
  CALL (u) {
    RETURN u AS person
    UNION
    MATCH (person:User {email_hash: u.email_hash})
    RETURN person
  }
  OPTIONAL MATCH (person)-[o:ORDERED]->(b:Product {base_sku: p.base_sku})
  WHERE o.last_at >= sync.as_of - duration({days: $exclude_days})
  RETURN [x IN collect({sku: b.sku, last_at: toString(o.last_at)}) WHERE x.sku IS NOT NULL] AS bought,
         collect(DISTINCT person) AS people
}
// what this person did, for the paths to the same SKU, base SKU or part type
CALL (u, sync, release) {
  MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a)
  WITH a, type(did) = 'ORDERED' AS ordered,
       coalesce(release.path_gain, 1.0) * reduce(s = 0.0, at IN coalesce(did.at, []) |
         s + 2 ^ ((at - sync.as_of.epochSeconds) / (release.path_half_life_days * 86400))) AS strength
  RETURN collect({sku: a.sku, base_sku: a.base_sku, part_type: a.part_type, ordered: ordered, strength: strength}) AS trail
}
WITH *, coalesce(release.path_same_part * log(1 + reduce(s = 0.0, x IN trail |
    s + CASE WHEN NOT x.ordered AND x.base_sku = p.base_sku THEN x.strength ELSE 0 END))
  + release.path_same_type * log(1 + reduce(s = 0.0, x IN trail |
    s + CASE WHEN NOT x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
  + release.path_same_type_ordered * log(1 + reduce(s = 0.0, x IN trail |
    s + CASE WHEN x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
  + coalesce(release.path_same_sku, 0.0) * log(1 + reduce(s = 0.0, x IN trail |
    s + CASE WHEN NOT x.ordered AND x.sku = p.sku THEN x.strength ELSE 0 END)), 0.0) AS own_history
// other people who bought it and own such a vehicle: all ids of one address are one person
CALL (u, p, v, model, people) {
  MATCH (p)<-[:ORDERED]-(buyer:User)
  WHERE NOT buyer IN people
  WITH DISTINCT v, model, buyer.email_hash AS email_hash, CASE WHEN buyer.email_hash IS NULL THEN buyer END AS alone
  CALL (email_hash, alone) {
    WITH alone WHERE alone IS NOT NULL
    RETURN alone AS id
    UNION
    MATCH (id:User {email_hash: email_hash})
    RETURN id
  }
  MATCH (id)-[:OWNS]->(owned:Vehicle)-[:OF_MODEL]->(model)
  WITH coalesce(email_hash, id.user_id) AS person, max(owned = v) AS same_vehicle
  RETURN count(CASE WHEN same_vehicle THEN 1 END) AS owners_bought, count(person) AS model_bought
}
RETURN v.vehicle_id AS vehicle_id,
       f IS NOT NULL AS fits,
       p.eligible AS eligible, p.refurbished AS refurbished, p.price AS price, p.image_url AS image_url,
       p.part_type AS part_type, p.title AS title,
       (2 * vector.similarity.cosine(q, p[embedding]) - 1) * norm * sqrt(reduce(s = 0.0, x IN q | s + x * x))
         + coalesce(f[lift], 0.0) + own_history AS score,
       // parts of the score; the rest of it is taste
       q[-2] * p[embedding][-2] AS popularity, coalesce(f[lift], 0.0) AS lift, own_history, answered_by, bought,
       owners_bought, model_bought,
       COLLECT {
         MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a:Product)-[c:CO_PURCHASED]->(p)
         WITH DISTINCT a, type(did) AS how, c.weight AS weight, c.count
           - CASE WHEN all(x IN [a, p] WHERE EXISTS { (me:User)-[:ORDERED]->(x) WHERE me IN people }) THEN 1 ELSE 0 END
             AS buyers
         WHERE buyers > 0
         WITH {sku: a.sku, title: a.title, how: how, buyers: buyers, weight: weight} AS found
         RETURN found ORDER BY found.weight DESC, found.buyers DESC, found.sku LIMIT 5
       } AS led_here,
       COLLECT {
         MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a:Product)-[c:CO_VIEWED]-(p)
         WITH DISTINCT {sku: a.sku, title: a.title, how: type(did), sessions: c.count, weight: c.weight} AS found
         RETURN found ORDER BY found.weight DESC, found.sessions DESC, found.sku LIMIT 5
       } AS seen_together,
       COLLECT {
         MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a:Product {part_type: p.part_type})
         WHERE a <> p AND p.part_type <> 'UNKNOWN'
         WITH DISTINCT {sku: a.sku, title: a.title, how: type(did), last_at: toString(did.last_at)} AS found
         RETURN found ORDER BY found.last_at DESC LIMIT 5
       } AS same_type
