// written by cypher/generate.py from templates/browse/release_changes_for.template and cypher/templates/passages: edit those
// title: What the live release changes for somebody
// purpose: a user's best parts by the live release beside those by the release before, without marketing's rules
// mode: read
// params: $user_id string         who gets it
//         $k integer              how many parts of each release
//         $per_part_type integer  at most this many of one part type
//         $exclude_days integer   what was bought within so many days is left out, in any colour
// defaults: {"k": 4, "per_part_type": 2, "exclude_days": 365}
// shows: table
// returns: sku, title, part_type, change, place, place_before, score, score_before
OPTIONAL CALL () {
  MATCH (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle)-[:OF_MODEL]->(model)-[:MADE_BY]->(make)
  MATCH (sync:Sync {id: 'graph'})
  MATCH (now:Release {slot: sync.live_slot}), (before:Release {state: 'ready'})
  WHERE before.slot <> now.slot
  CALL (u, sync) {
    CALL (u) {
      RETURN u AS person
      UNION
      MATCH (person:User {email_hash: u.email_hash})
      RETURN person
    }
    OPTIONAL MATCH (person)-[o:ORDERED]->(b:Product)
    WHERE o.last_at >= sync.as_of - duration({days: $exclude_days})
    RETURN collect(DISTINCT b.base_sku) AS bought
  }
  UNWIND [now, before] AS release
  WITH *, 'embedding_' + release.slot AS embedding, 'lift_' + release.slot AS lift
  WITH *, coalesce(u[embedding], v[embedding], model[embedding], make[embedding]) AS q
  WITH *, release.product_norm * sqrt(reduce(s = 0.0, x IN q | s + x * x)) AS scale
  // what this person did, for the paths to the same SKU, base SKU or part type
  CALL (u, sync, release) {
    MATCH (u)-[did:VIEWED|CARTED|ORDERED]->(a)
    WITH a, type(did) = 'ORDERED' AS ordered,
         coalesce(release.path_gain, 1.0) * reduce(s = 0.0, at IN coalesce(did.at, []) |
           s + 2 ^ ((at - sync.as_of.epochSeconds) / (release.path_half_life_days * 86400))) AS strength
    RETURN collect({sku: a.sku, base_sku: a.base_sku, part_type: a.part_type, ordered: ordered, strength: strength}) AS trail
  }
  CALL (v, release, embedding, lift, q, scale, bought, trail) {
    MATCH (v)<-[f:FITS]-(p:Product {eligible: true})
    WHERE NOT p.base_sku IN bought
    WITH p, (2 * vector.similarity.cosine(q, p[embedding]) - 1) * scale + coalesce(f[lift], 0.0)
         + coalesce(release.path_same_part * log(1 + reduce(s = 0.0, x IN trail |
             s + CASE WHEN NOT x.ordered AND x.base_sku = p.base_sku THEN x.strength ELSE 0 END))
           + release.path_same_type * log(1 + reduce(s = 0.0, x IN trail |
             s + CASE WHEN NOT x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
           + release.path_same_type_ordered * log(1 + reduce(s = 0.0, x IN trail |
             s + CASE WHEN x.ordered AND x.part_type = p.part_type THEN x.strength ELSE 0 END))
           + coalesce(release.path_same_sku, 0.0) * log(1 + reduce(s = 0.0, x IN trail |
             s + CASE WHEN NOT x.ordered AND x.sku = p.sku THEN x.strength ELSE 0 END)), 0.0) AS score
    WHERE score IS NOT NULL
    ORDER BY score DESC, p.sku
    WITH p.display_key AS family, collect({p: p, score: score})[0] AS best
    ORDER BY best.score DESC, best.p.sku
    WITH best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
    UNWIND kept AS row
    WITH row ORDER BY row.score DESC, row.p.sku
    RETURN collect(row)[..$k] AS best
  }
  WITH release = now AS live, best
  UNWIND range(0, size(best) - 1) AS position
  WITH live, position + 1 AS place, best[position].p AS p, round(best[position].score, 3) AS score
  RETURN p.sku AS sku, p.title AS title, p.part_type AS part_type, max(CASE WHEN live THEN place END) AS place,
         max(CASE WHEN NOT live THEN place END) AS place_before, max(CASE WHEN live THEN score END) AS score,
         max(CASE WHEN NOT live THEN score END) AS score_before
}
RETURN coalesce(sku, 'no release beside the live one, or no user ' + $user_id + ' who owns a vehicle') AS sku, title, part_type,
       CASE WHEN place IS NULL AND place_before IS NULL THEN null
            WHEN place_before IS NULL THEN 'new'
            WHEN place IS NULL THEN 'gone'
            WHEN place < place_before THEN 'up'
            WHEN place > place_before THEN 'down'
            ELSE 'same' END AS change, place, place_before, score, score_before
ORDER BY place IS NULL, place, place_before
