// written by cypher/generate.py from templates/tables_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: every VIEWED relationship, packed into lists per Product (its end node, column hub); -1 stands for an absent time
// mode: read
// params: none
// returns: hub, other, count, first_at, last_at, at, weight
MATCH (hub:Product)
CALL (hub) {
  MATCH (hub)<-[r:VIEWED]-(other:User)
  RETURN collect(id(other)) AS other,
         collect(r.count) AS count,
         collect(coalesce(r.first_at.epochSeconds, -1)) AS first_at,
         collect(coalesce(r.last_at.epochSeconds, -1)) AS last_at,
         collect(coalesce(r.at, [-1])) AS at,
         collect(r.weight) AS weight
}
WITH * WHERE size(other) > 0
RETURN id(hub) AS hub, other, count, first_at, last_at, at, weight
