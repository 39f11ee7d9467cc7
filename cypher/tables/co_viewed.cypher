// written by cypher/generate.py from templates/tables_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: every CO_VIEWED relationship, packed into lists per Product (its end node, column hub)
// mode: read
// params: none
// returns: hub, other, count, weight
MATCH (hub:Product)
CALL (hub) {
  MATCH (hub)<-[r:CO_VIEWED]-(other:Product)
  RETURN collect(id(other)) AS other,
         collect(r.count) AS count,
         collect(r.weight) AS weight
}
WITH * WHERE size(other) > 0
RETURN id(hub) AS hub, other, count, weight
