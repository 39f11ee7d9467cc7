// purpose: who did this with what and when, packed into lists per Product
// mode: read
// params: none
// returns: hub, other, at
MATCH (hub:Product)
CALL (hub) {
  MATCH (hub)<-[r:CARTED]-(other:User)
  RETURN collect(id(other)) AS other, collect(r.at) AS at
}
WITH * WHERE size(other) > 0
RETURN id(hub) AS hub, other, at
