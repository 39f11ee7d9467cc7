// purpose: label the users who viewed, added to the cart or bought something on or after the boundary: those are indexed
// mode: auto
// params: none
// returns: none
MATCH (u:User)
WITH u, u.engagement_tier = 'hot' OR EXISTS { (u)-[:VIEWED|CARTED]->() } AS active
WHERE coalesce(active, false) <> u:ActiveUser
CALL (u, active) {
  FOREACH (x IN CASE WHEN active THEN [1] END | SET u:ActiveUser)
  FOREACH (x IN CASE WHEN active THEN [] ELSE [1] END | REMOVE u:ActiveUser)
} IN TRANSACTIONS OF 10000 ROWS
