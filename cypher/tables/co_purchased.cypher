// written by cypher/generate.py from templates/tables_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: every CO_PURCHASED relationship, packed into lists per Product (its end node, column hub); -1 stands for an absent time
// mode: read
// params: none
// returns: hub, other, count, weight, last_at
MATCH (hub:Product)
CALL (hub) {
  MATCH (hub)<-[r:CO_PURCHASED]-(other:Product)
  RETURN collect(id(other)) AS other,
         collect(r.count) AS count,
         collect(r.weight) AS weight,
         collect(coalesce(r.last_at.epochSeconds, -1)) AS last_at
}
WITH * WHERE size(other) > 0
RETURN id(hub) AS hub, other, count, weight, last_at
