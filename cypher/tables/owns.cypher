// written by cypher/generate.py from templates/tables_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: every OWNS relationship, packed into lists per Vehicle (its end node, column hub); -1 stands for an absent time
// mode: read
// params: none
// returns: hub, other, since
MATCH (hub:Vehicle)
CALL (hub) {
  MATCH (hub)<-[r:OWNS]-(other:User)
  RETURN collect(id(other)) AS other,
         collect(coalesce(r.since.epochSeconds, -1)) AS since
}
WITH * WHERE size(other) > 0
RETURN id(hub) AS hub, other, since
