// purpose: owners of a vehicle, those who did the most first
// mode: read
// params: $vehicle_id string  YEAR|MAKE|MODEL
//         $k integer          how many
// returns: user_id, vehicle_id, viewed, carted, ordered, last_at
MATCH (v:Vehicle {vehicle_id: $vehicle_id})<-[:OWNS]-(u:User)
WITH u, v, COUNT { (u)-[:VIEWED]->() } AS viewed, COUNT { (u)-[:CARTED]->() } AS carted,
     COUNT { (u)-[:ORDERED]->() } AS ordered
ORDER BY ordered + carted + viewed DESC, u.user_id
LIMIT $k
CALL (u) { OPTIONAL MATCH (u)-[did:VIEWED|CARTED|ORDERED]->() RETURN max(did.last_at) AS last_at }
RETURN u.user_id AS user_id, v.vehicle_id AS vehicle_id, viewed, carted, ordered,
       toString(last_at) AS last_at
ORDER BY ordered + carted + viewed DESC, user_id
