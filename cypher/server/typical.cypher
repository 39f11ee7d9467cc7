// purpose: keys to begin with: the vehicle most owned and a typical owner of it, the part most bought and one bought with it
// mode: read
// params: none
// returns: user_id, vehicle_id, sku, other_sku
CALL () {
  OPTIONAL MATCH (v:Vehicle)
  RETURN v
  ORDER BY EXISTS { (v)<-[:FITS]-(:Product {eligible: true}) } DESC, COUNT { (v)<-[:OWNS]-() } DESC, v.vehicle_id
  LIMIT 1
}
CALL () {
  OPTIONAL MATCH (p:Product)
  RETURN p
  ORDER BY COUNT { (p)<-[:ORDERED]-() } DESC, COUNT { (p)<-[:VIEWED]-() } DESC, COUNT { (p)-[:FITS]->() } DESC, p.sku
  LIMIT 1
}
CALL (p) {
  OPTIONAL MATCH (p)-[c:CO_PURCHASED|CO_VIEWED]-(other:Product)
  RETURN other
  ORDER BY type(c) = 'CO_PURCHASED' DESC, c.count DESC, other.sku
  LIMIT 1
}
// of the owners who did something the middle one by how much they did; else any owner
CALL (v) {
  MATCH (v)<-[:OWNS]-(u:User)
  WITH u, COUNT { (u)-[:VIEWED|CARTED|ORDERED]->() } AS done
  ORDER BY done, u.user_id
  WITH collect(u) AS owners, collect(CASE WHEN done > 0 THEN u END) AS active
  RETURN coalesce(active[size(active) / 2], owners[0]) AS u
}
// what a graph does not have is a word that says what to put there
RETURN coalesce(u.user_id, 'USER') AS user_id, coalesce(v.vehicle_id, 'YEAR|MAKE|MODEL') AS vehicle_id,
       coalesce(p.sku, 'SKU') AS sku, coalesce(other.sku, 'SKU') AS other_sku
