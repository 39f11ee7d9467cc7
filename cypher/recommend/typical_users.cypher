// purpose: one owner without any history, one who only ordered, one who looked around, each of a vehicle that much fits
// mode: read
// params: none
// returns: kind, user_id, vehicle_id
CALL () {
  MATCH (u:User)-[:OWNS]->(v:Vehicle)
  WHERE NOT EXISTS { (u)-[:VIEWED|CARTED|ORDERED]->() }
  RETURN 'cold' AS kind, u, v, COUNT { (v)<-[:FITS]-(:Product {eligible: true}) } AS choice
  ORDER BY choice DESC, u.user_id LIMIT 1
  UNION
  MATCH (u:User)-[:OWNS]->(v:Vehicle)
  WHERE EXISTS { (u)-[:ORDERED]->() } AND NOT EXISTS { (u)-[:VIEWED|CARTED]->() }
  RETURN 'buyer' AS kind, u, v, COUNT { (v)<-[:FITS]-(:Product {eligible: true}) } AS choice
  ORDER BY choice DESC, u.user_id LIMIT 1
  UNION
  MATCH (u:User)-[:OWNS]->(v:Vehicle)
  WHERE EXISTS { (u)-[:VIEWED]->() }
  RETURN 'visitor' AS kind, u, v, COUNT { (v)<-[:FITS]-(:Product {eligible: true}) } AS choice
  ORDER BY choice DESC, u.user_id LIMIT 1
}
RETURN kind, u.user_id AS user_id, v.vehicle_id AS vehicle_id
