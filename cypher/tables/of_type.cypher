// written by cypher/generate.py from templates/tables_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: every OF_TYPE relationship, packed into lists per PartType (its end node, column hub)
// mode: read
// params: none
// returns: hub, other
MATCH (hub:PartType)
CALL (hub) {
  MATCH (hub)<-[r:OF_TYPE]-(other:Product)
  RETURN collect(id(other)) AS other
}
WITH * WHERE size(other) > 0
RETURN id(hub) AS hub, other
