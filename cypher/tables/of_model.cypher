// written by cypher/generate.py from templates/tables_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: every OF_MODEL relationship, packed into lists per VehicleModel (its end node, column hub)
// mode: read
// params: none
// returns: hub, other
MATCH (hub:VehicleModel)
CALL (hub) {
  MATCH (hub)<-[r:OF_MODEL]-(other:Vehicle)
  RETURN collect(id(other)) AS other
}
WITH * WHERE size(other) > 0
RETURN id(hub) AS hub, other
