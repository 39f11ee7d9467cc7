// title: What the live release changed
// purpose: for the vehicles with most owners, the best parts by the live release and by the one before, one of a family
// mode: read
// params: $vehicles integer  how many vehicles
//         $k integer         how many parts of each
// defaults: {"vehicles": 25, "k": 4}
// shows: table
// returns: vehicle_id, owners, kept, came, went, live, previous
OPTIONAL CALL () {
  MATCH (sync:Sync {id: 'graph'})
  WITH sync.live_slot AS slot
  MATCH (now:Release {slot: slot})
  MATCH (other:Release {state: 'ready'})
  WHERE other.slot <> slot
  WITH [r IN [now, other] | {vector: 'embedding_' + r.slot, lift: 'lift_' + r.slot, norm: r.product_norm}] AS releases
  WITH releases[0] AS now, releases[1] AS before
  MATCH (v:Vehicle)
  WHERE v[now.vector] IS NOT NULL
  WITH now, before, v, COUNT { (v)<-[:OWNS]-() } AS owners
  ORDER BY owners DESC, v.vehicle_id
  LIMIT $vehicles
  // the score: within one release all product vectors have the same length
  CALL (v, now) {
    WITH v, now, now.norm * sqrt(reduce(s = 0.0, x IN v[now.vector] | s + x * x)) AS scale
    MATCH (v)<-[f:FITS]-(p:Product {eligible: true})
    WITH p, (2 * vector.similarity.cosine(v[now.vector], p[now.vector]) - 1) * scale + coalesce(f[now.lift], 0.0) AS score
    WHERE score IS NOT NULL
    ORDER BY score DESC, p.sku
    WITH p.display_key AS family, collect(p.sku + coalesce(' ' + p.title, ''))[0] AS part, max(score) AS best
    ORDER BY best DESC, part
    RETURN collect(part)[..$k] AS live
  }
  CALL (v, before) {
    WITH v, before, before.norm * sqrt(reduce(s = 0.0, x IN v[before.vector] | s + x * x)) AS scale
    MATCH (v)<-[f:FITS]-(p:Product {eligible: true})
    WITH p, (2 * vector.similarity.cosine(v[before.vector], p[before.vector]) - 1) * scale
      + coalesce(f[before.lift], 0.0) AS score
    WHERE score IS NOT NULL
    ORDER BY score DESC, p.sku
    WITH p.display_key AS family, collect(p.sku + coalesce(' ' + p.title, ''))[0] AS part, max(score) AS best
    ORDER BY best DESC, part
    RETURN collect(part)[..$k] AS previous
  }
  WITH v.vehicle_id AS vehicle_id, owners, live, previous, [part IN live WHERE NOT part IN previous] AS came,
       [part IN previous WHERE NOT part IN live] AS went
  RETURN vehicle_id, owners, size(live) - size(came) AS kept, came, went, live, previous
}
RETURN coalesce(vehicle_id, 'no release beside the live one') AS vehicle_id, owners, kept, came, went, live, previous
ORDER BY size(came) DESC, owners DESC, vehicle_id
