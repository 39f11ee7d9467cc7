// title: What the live release changed
// purpose: for the vehicles with most owners, the best parts by the live release and by the one before, one of a family
// mode: read
// params: $vehicles integer  how many vehicles
//         $k integer         how many parts of each
// defaults: {"vehicles": 25, "k": 4}
// shows: table
// returns: vehicle_id, owners, kept, came, went, live, previous
MATCH (sync:Sync {id: 'graph'})
WITH sync.live_slot AS slot
OPTIONAL MATCH (other:Release {state: 'ready'})
WHERE other.slot <> slot
WITH 'embedding_' + slot AS embedding, 'embedding_' + other.slot AS embedding_before
MATCH (v:Vehicle)
WHERE v[embedding] IS NOT NULL
WITH embedding, embedding_before, v, COUNT { (v)<-[:OWNS]-() } AS owners
ORDER BY owners DESC, v.vehicle_id
LIMIT $vehicles
// within one release all product vectors have the same length: the cosine orders as the score does
CALL (v, embedding) {
  MATCH (v)<-[:FITS]-(p:Product {eligible: true})
  WITH p, vector.similarity.cosine(v[embedding], p[embedding]) AS score
  WHERE score IS NOT NULL
  ORDER BY score DESC, p.sku
  WITH p.display_key AS family, collect(p.sku)[0] AS sku, max(score) AS best
  ORDER BY best DESC, sku
  RETURN collect(sku)[..$k] AS live
}
CALL (v, embedding_before) {
  MATCH (v)<-[:FITS]-(p:Product {eligible: true})
  WITH p, vector.similarity.cosine(v[embedding_before], p[embedding_before]) AS score
  WHERE score IS NOT NULL
  ORDER BY score DESC, p.sku
  WITH p.display_key AS family, collect(p.sku)[0] AS sku, max(score) AS best
  ORDER BY best DESC, sku
  RETURN collect(sku)[..$k] AS previous
}
WITH v.vehicle_id AS vehicle_id, owners, live, previous, [sku IN live WHERE NOT sku IN previous] AS came,
     [sku IN previous WHERE NOT sku IN live] AS went
RETURN vehicle_id, owners, size(live) - size(came) AS kept, came, went, live, previous
ORDER BY size(came) DESC, owners DESC, vehicle_id
