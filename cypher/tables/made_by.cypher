// written by cypher/generate.py from templates/tables_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: every MADE_BY relationship, packed into lists per Make (its end node, column hub)
// mode: read
// params: none
// returns: hub, other
MATCH (hub:Make)
CALL (hub) {
  MATCH (hub)<-[r:MADE_BY]-(other:VehicleModel)
  RETURN collect(id(other)) AS other
}
WITH * WHERE size(other) > 0
RETURN id(hub) AS hub, other
