// title: What is missing or odd (data quality)
// purpose: what is missing or odd in the graph, how much of it there is, and some examples
// mode: read
// params: $examples integer  how many examples of each
// defaults: {"examples": 3}
// shows: table
// returns: what, found, of, examples
OPTIONAL MATCH (sync:Sync {id: 'graph'})
WITH 'embedding_' + sync.live_slot AS embedding
CALL (embedding) {
  MATCH (p:Product)
  WITH embedding, collect(p) AS parts
  UNWIND [
    ['parts without a price', [p IN parts WHERE p.price IS NULL]],
    ['parts without an image', [p IN parts WHERE p.image_url IS NULL]],
    ['parts of unknown type', [p IN parts WHERE p.part_type = 'UNKNOWN']],
    ['parts that fit nothing', [p IN parts WHERE NOT EXISTS { (p)-[:FITS]->() }]],
    ['eligible parts that nobody bought', [p IN parts WHERE p.eligible AND NOT EXISTS { (p)<-[:ORDERED]-() }]],
    ['parts without a live vector', [p IN parts WHERE p[embedding] IS NULL]]
  ] AS row
  RETURN row[0] AS what, size(row[1]) AS found,
         [p IN row[1][..$examples] | p.sku + coalesce(' ' + p.title, '')] AS examples, size(parts) AS of, 1 AS place
  UNION ALL
  MATCH (v:Vehicle)
  WITH embedding, collect(v) AS vehicles
  UNWIND [
    ['vehicles that nothing fits', [v IN vehicles WHERE NOT EXISTS { (v)<-[:FITS]-() } | v.vehicle_id]],
    ['vehicles with fewer than 4 eligible parts',
     [v IN vehicles WHERE COUNT { (v)<-[:FITS]-(:Product {eligible: true}) } < 4 | v.vehicle_id]],
    ['vehicles that nobody owns', [v IN vehicles WHERE NOT EXISTS { (v)<-[:OWNS]-() } | v.vehicle_id]],
    ['vehicles without a live vector', [v IN vehicles WHERE v[embedding] IS NULL | v.vehicle_id]]
  ] AS row
  RETURN row[0] AS what, size(row[1]) AS found, row[1][..$examples] AS examples, size(vehicles) AS of, 2 AS place
  UNION ALL
  MATCH (u:User)
  WITH embedding, count(u) AS of
  UNWIND [
    ['users without a vehicle',
     COUNT { (u:User) WHERE NOT EXISTS { (u)-[:OWNS]->() } },
     COLLECT { MATCH (u:User) WHERE NOT EXISTS { (u)-[:OWNS]->() } RETURN u.user_id ORDER BY u.user_id LIMIT $examples }],
    ['users with a history and without a live vector',
     COUNT { (u:User) WHERE u[embedding] IS NULL AND EXISTS { (u)-[:VIEWED|CARTED|ORDERED]->() } },
     COLLECT {
       MATCH (u:User)
       WHERE u[embedding] IS NULL AND EXISTS { (u)-[:VIEWED|CARTED|ORDERED]->() }
       RETURN u.user_id ORDER BY u.user_id LIMIT $examples
     }]
  ] AS row
  RETURN row[0] AS what, row[1] AS found, row[2] AS examples, of, 3 AS place
}
RETURN what, found, of, examples
ORDER BY place, found DESC, what
