// purpose: every user id of an email, those with a vehicle first and of these the one that was named last
// mode: read
// params: $email_hash string  of the address
//         $k integer          how many
// returns: user_id, vehicle_id, viewed, carted, ordered, last_at
MATCH (u:User {email_hash: $email_hash})
OPTIONAL MATCH (u)-[owns:OWNS]->(v:Vehicle)
WITH u, v, owns
ORDER BY v IS NULL, owns.since DESC, u.user_id
LIMIT $k
CALL (u) { OPTIONAL MATCH (u)-[did:VIEWED|CARTED|ORDERED]->() RETURN max(did.last_at) AS last_at }
RETURN u.user_id AS user_id, v.vehicle_id AS vehicle_id,
       COUNT { (u)-[:VIEWED]->() } AS viewed, COUNT { (u)-[:CARTED]->() } AS carted,
       COUNT { (u)-[:ORDERED]->() } AS ordered,
       toString(last_at) AS last_at
ORDER BY vehicle_id IS NULL, owns.since DESC, user_id
