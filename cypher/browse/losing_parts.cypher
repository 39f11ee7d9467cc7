// title: Which parts lose by the live release
// purpose: parts among the best of fewer owners than by the release before, over the vehicles with most owners
// mode: read
// params: $vehicles integer  how many vehicles are looked at
//         $best integer      how many parts of a vehicle are its best
//         $k integer         how many parts
// defaults: {"vehicles": 200, "best": 4, "k": 25}
// shows: table
// returns: sku, title, part_type, owners, owners_before, change, vehicles, vehicles_before
OPTIONAL CALL () {
  MATCH (sync:Sync {id: 'graph'})
  MATCH (now:Release {slot: sync.live_slot}), (before:Release {state: 'ready'})
  WHERE before.slot <> now.slot
  CALL () {
    MATCH (v:Vehicle)
    WITH v, COUNT { (v)<-[:OWNS]-() } AS owners
    ORDER BY owners DESC, v.vehicle_id
    LIMIT $vehicles
    RETURN v, owners
  }
  UNWIND [now, before] AS release
  WITH v, owners, release = now AS live, release.product_norm AS norm, 'embedding_' + release.slot AS embedding,
       'lift_' + release.slot AS lift
  CALL (v, norm, embedding, lift) {
    WITH v, embedding, lift, norm * sqrt(reduce(s = 0.0, x IN v[embedding] | s + x * x)) AS scale
    MATCH (v)<-[f:FITS]-(p:Product {eligible: true})
    WITH p, (2 * vector.similarity.cosine(v[embedding], p[embedding]) - 1) * scale + coalesce(f[lift], 0.0) AS score
    WHERE score IS NOT NULL
    ORDER BY score DESC, p.sku
    WITH p.display_key AS family, collect(p)[0] AS p, max(score) AS best
    ORDER BY best DESC, p.sku
    RETURN p LIMIT $best
  }
  WITH p, sum(CASE WHEN live THEN owners ELSE 0 END) AS owners, sum(CASE WHEN live THEN 0 ELSE owners END) AS owners_before,
       count(CASE WHEN live THEN v END) AS vehicles, count(CASE WHEN NOT live THEN v END) AS vehicles_before
  WHERE owners < owners_before
  RETURN p.sku AS sku, p.title AS title, p.part_type AS part_type, owners, owners_before, owners - owners_before AS change,
         vehicles, vehicles_before
  ORDER BY change, sku
  LIMIT $k
}
RETURN coalesce(sku, 'no release beside the live one, or no part that loses by it') AS sku, title, part_type, owners,
       owners_before, change, vehicles, vehicles_before
ORDER BY change, sku
