// written by cypher/generate.py from templates/browse/recommended.template and cypher/templates/passages: edit those
// title: What we recommend to somebody, and why
// purpose: the best parts for a user by the live release, without marketing's rules, and the facts that speak for each
// mode: read
// params: $user_id string         who gets it
//         $k integer              how many parts
//         $per_part_type integer  at most this many of one part type
//         $exclude_days integer   what was bought within so many days is left out, in any colour
// defaults: {"k": 4, "per_part_type": 2, "exclude_days": 365}
// shows: table
// returns: sku, title, part_type, price, score, answered_by, vehicle, why
OPTIONAL CALL () {
  MATCH (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle)-[:OF_MODEL]->(model)-[:MADE_BY]->(make)
  MATCH (sync:Sync {id: 'graph'})
  OPTIONAL MATCH (release:Release {slot: sync.live_slot})
  WITH u, v, model, make, sync, release, 'embedding_' + release.slot AS embedding, 'lift_' + release.slot AS lift
  // who answers: the most specific vector there is
  WITH *, coalesce(u[embedding], v[embedding], model[embedding], make[embedding]) AS q,
       CASE WHEN u[embedding] IS NOT NULL THEN 'user'
            WHEN v[embedding] IS NOT NULL THEN 'vehicle'
            WHEN model[embedding] IS NOT NULL THEN 'segment'
            WHEN make[embedding] IS NOT NULL THEN 'make' END AS tier
  // all ids with the same email are one person
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
  // what this person did, for the paths to the same SKU, base SKU or part type
  CALL (u, sync, release) {
    MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a)
    WITH a, type(did) = 'ORDERED' AS ordered,
         coalesce(release.path_gain, 1.0) * reduce(s = 0.0, at IN coalesce(did.at, []) |
           s + 2 ^ ((at - sync.as_of.epochSeconds) / (release.path_half_life_days * 86400))) AS strength
    RETURN collect({sku: a.sku, base_sku: a.base_sku, part_type: a.part_type, ordered: ordered, strength: strength}) AS trail
  }
  WITH *, release.product_norm * sqrt(reduce(s = 0.0, x IN q | s + x * x)) AS scale
  MATCH (v)<-[f:FITS]-(p:Product {eligible: true})
  WHERE NOT p.base_sku IN bought
  WITH u, v, model, people, tier, p,
       (2 * vector.similarity.cosine(q, p[embedding]) - 1) * scale + coalesce(f[lift], 0.0)
         + coalesce(release.path_same_part * log(1 + reduce(s = 0.0, x IN trail |
             s + CASE WHEN NOT x.ordered AND x.base_sku = p.base_sku THEN x.strength ELSE 0 END))
           + release.path_same_type * log(1 + reduce(s = 0.0, x IN trail |
             s + CASE WHEN NOT x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
           + release.path_same_type_ordered * log(1 + reduce(s = 0.0, x IN trail |
             s + CASE WHEN x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
           + coalesce(release.path_same_sku, 0.0) * log(1 + reduce(s = 0.0, x IN trail |
             s + CASE WHEN NOT x.ordered AND x.sku = p.sku THEN x.strength ELSE 0 END)), 0.0) AS score
  // a part without a score comes last, and those by how many bought them
  WITH *, CASE WHEN score IS NULL THEN COUNT {
      MATCH (p)<-[:ORDERED]-(b) RETURN DISTINCT coalesce(b.email_hash, b.user_id)
    } ELSE 0 END AS buyers
  ORDER BY score IS NULL, score DESC, buyers DESC, p.sku
  WITH u, v, model, people, tier, p.display_key AS family, collect({p: p, score: score, buyers: buyers})[0] AS best
  ORDER BY best.score IS NULL, best.score DESC, best.buyers DESC, best.p.sku
  WITH u, v, model, people, tier, best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
  UNWIND kept AS row
  WITH u, v, model, people, tier, row.p AS p, row.score AS score, row.buyers AS buyers
  ORDER BY score IS NULL, score DESC, buyers DESC, p.sku
  LIMIT $k
  WITH *, COUNT {
      MATCH (p)<-[:ORDERED]-(buyer:User)-[:OWNS]->(v) WHERE NOT buyer IN people
      RETURN DISTINCT coalesce(buyer.email_hash, buyer.user_id)
    } AS same_vehicle, COUNT {
      MATCH (p)<-[:ORDERED]-(buyer:User)-[:OWNS]->()-[:OF_MODEL]->(model) WHERE NOT buyer IN people
      RETURN DISTINCT coalesce(buyer.email_hash, buyer.user_id)
    } AS same_model,
    COLLECT {
      MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(p)
      RETURN CASE type(did) WHEN 'VIEWED' THEN 'viewed' WHEN 'CARTED' THEN 'added to the cart' ELSE 'ordered' END
        + ' on ' + toString(date(did.last_at))
      ORDER BY did.last_at DESC
    } AS done,
    COLLECT {
      MATCH (u)-[:VIEWED|CARTED|ORDERED]->(a:Product)-[c:CO_PURCHASED]->(p)
      WITH DISTINCT a, c.count AS times
      ORDER BY times DESC, a.sku LIMIT 2
      RETURN times + CASE times WHEN 1 THEN ' person' ELSE ' people' END + ' bought it after ' + a.sku
        + coalesce(' ' + a.title, '') + CASE WHEN EXISTS { (u)-[:ORDERED]->(a) } THEN ', which this user ordered'
        ELSE ', which this user looked at' END
    } AS led
  RETURN p.sku AS sku, p.title AS title, p.part_type AS part_type, p.price AS price, round(score, 3) AS score, buyers,
         CASE WHEN score IS NULL THEN 'global' ELSE tier END AS answered_by, replace(v.vehicle_id, '|', ' ') AS vehicle,
         done + led + CASE WHEN same_model > 0
           THEN [same_vehicle + ' other owners of this vehicle bought it, ' + same_model + ' of this make and model']
           ELSE [] END AS why
}
RETURN coalesce(sku, 'no user ' + $user_id + ' in this graph who owns a vehicle that a part fits') AS sku, title, part_type,
       price, score, answered_by, vehicle, why
ORDER BY score IS NULL, score DESC, buyers DESC, sku
