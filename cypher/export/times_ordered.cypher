// purpose: who bought what and when, packed into lists per Product
// mode: read
// params: none
// returns: hub, other, at, last_at
MATCH (hub:Product)
CALL (hub) {
  MATCH (hub)<-[r:ORDERED]-(other:User)
  RETURN collect(id(other)) AS other, collect(r.at) AS at, collect(r.last_at.epochSeconds) AS last_at
}
WITH * WHERE size(other) > 0
RETURN id(hub) AS hub, other, at, last_at
