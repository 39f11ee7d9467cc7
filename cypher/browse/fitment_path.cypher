// purpose: why parts fit: the path from a user over the vehicle to the parts
// mode: read
// params: $user_id string  whose paths
// returns: path
MATCH path = (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle)<-[:FITS]-(p:Product {eligible: true})
RETURN path
LIMIT 25
