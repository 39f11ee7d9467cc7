// written by cypher/generate.py from templates/tables_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: every FITS relationship, packed into lists per Vehicle (its end node, column hub)
// mode: read
// params: none
// returns: hub, other
MATCH (hub:Vehicle)
CALL (hub) {
  MATCH (hub)<-[r:FITS]-(other:Product)
  RETURN collect(id(other)) AS other
}
WITH * WHERE size(other) > 0
RETURN id(hub) AS hub, other
