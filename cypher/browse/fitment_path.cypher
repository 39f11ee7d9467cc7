// title: Why parts fit somebody
// purpose: why parts fit: the path from a user over the vehicle to the parts
// mode: read
// params: $user_id string  whose paths
// defaults: {"user_id": "c9b244df-1bbd-f501-a765-c523172b0ab8"}
// shows: graph
// returns: path
MATCH path = (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle)<-[:FITS]-(p:Product {eligible: true})
RETURN path
LIMIT 25
