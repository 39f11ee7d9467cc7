// title: Why parts fit somebody
// purpose: why parts fit: the path from a user over the vehicle to the parts
// mode: read
// params: $user_id string  whose paths
// shows: graph
// returns: path
OPTIONAL CALL () {
  MATCH (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle)
  CALL (u, v) {
    MATCH path = (u)-[:OWNS]->(v)
    RETURN path
    UNION
    MATCH path = (v)<-[:FITS]-(p:Product {eligible: true})
    RETURN path ORDER BY p.sku LIMIT 25
  }
  RETURN path
}
RETURN coalesce(path, 'no user ' + $user_id + ' in this graph who owns a vehicle') AS path
