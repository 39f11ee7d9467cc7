// purpose: how a part is connected with a user, as edges to draw: the vehicle, what was done, what leads to the part
// mode: read
// params: $user_id string  for whom
//         $sku string      the part
//         $k integer       how many parts that lead to it, most people first
// returns: start_label, start, start_name, type, says, end_label, end, end_name
MATCH (u:User {user_id: $user_id}), (p:Product {sku: $sku})
CALL (u, p) {
  MATCH path = (u)-[:OWNS]->(v:Vehicle)
  RETURN path, 0 AS place
  UNION
  MATCH path = (u)-[:OWNS]->(:Vehicle)<-[:FITS]-(p)
  RETURN path, 0 AS place
  UNION
  MATCH path = (u)-[:VIEWED|CARTED|ORDERED]->(p)
  RETURN path, 1 AS place
  UNION
  MATCH (u)-[:VIEWED|CARTED|ORDERED]->(a:Product)-[c:CO_PURCHASED|CO_VIEWED]-(p)
  WHERE type(c) = 'CO_VIEWED' OR startNode(c) = a
  WITH DISTINCT u, a, c, p
  ORDER BY c.count DESC, a.sku LIMIT $k
  MATCH path = (u)-[:VIEWED|CARTED|ORDERED]->(a)
  RETURN path, 2 AS place
  UNION
  MATCH (u)-[:VIEWED|CARTED|ORDERED]->(a:Product)-[c:CO_PURCHASED|CO_VIEWED]-(p)
  WHERE type(c) = 'CO_VIEWED' OR startNode(c) = a
  WITH DISTINCT a, c, p
  ORDER BY c.count DESC, a.sku LIMIT $k
  MATCH path = (a)-[d:CO_PURCHASED|CO_VIEWED]-(p)
  WHERE d = c
  RETURN path, 3 AS place
}
UNWIND relationships(path) AS r
WITH r, min(place) AS place, startNode(r) AS s, endNode(r) AS e
RETURN labels(s)[0] AS start_label, coalesce(s.user_id, s.sku, s.vehicle_id) AS start,
       CASE labels(s)[0] WHEN 'User' THEN 'user' ELSE coalesce(s.title, s.sku) END AS start_name,
       type(r) AS type,
       CASE type(r) WHEN 'OWNS' THEN 'owns' WHEN 'FITS' THEN 'fits' WHEN 'VIEWED' THEN 'looked at'
         WHEN 'CARTED' THEN 'added to the cart' WHEN 'ORDERED' THEN 'bought'
         WHEN 'CO_PURCHASED' THEN r.count + ' bought it next' ELSE r.count + ' sessions with both' END AS says,
       labels(e)[0] AS end_label, coalesce(e.vehicle_id, e.sku) AS end,
       coalesce(replace(e.vehicle_id, '|', ' '), e.title, e.sku) AS end_name
ORDER BY place, type DESC, start, end
