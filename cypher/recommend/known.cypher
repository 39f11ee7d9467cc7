// purpose: what is known of a user, a vehicle or a SKU before an answer is given
// mode: read
// params: $user_id string     or null
//         $vehicle_id string  or null
//         $sku string         or null
// returns: user, vehicle, candidates, sku, part_type, fits, has_vehicles, release
OPTIONAL MATCH (u:User {user_id: $user_id})
OPTIONAL MATCH (u)-[:OWNS]->(owned:Vehicle)
OPTIONAL MATCH (named:Vehicle {vehicle_id: $vehicle_id})
OPTIONAL MATCH (p:Product {sku: $sku})
WITH u, coalesce(owned, named) AS v, p
RETURN u.user_id AS user, v.vehicle_id AS vehicle, COUNT { (v)<-[:FITS]-(:Product {eligible: true}) } AS candidates,
       p.sku AS sku, p.part_type AS part_type, EXISTS { (p)-[:FITS]->() } AS fits,
       EXISTS { MATCH (:Vehicle) } AS has_vehicles,
       head(COLLECT {
         MATCH (sync:Sync {id: 'graph'}) MATCH (r:Release {slot: sync.live_slot}) RETURN r.run_id
       }) AS release
