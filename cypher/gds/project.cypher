// purpose: project what a snapshot takes into GDS's memory, knowing only what was done before the cut
// mode: read
// params: $name string     of the projection
//         $cut integer     epoch seconds; times from it on do not count
//         $pairs list<map> type, sku, other_sku, weight: derived relationships as they were at the cut
// returns: projected map
CALL () {
  MATCH (source:User)-[r:VIEWED|CARTED|ORDERED]->(target:Product)
  WHERE r.at[0] < $cut
  RETURN source, target, type(r) AS type, toFloat(size([t IN r.at WHERE t < $cut])) AS weight
  UNION ALL
  MATCH (source:User)-[:OWNS]->(target:Vehicle)
  WHERE EXISTS { (source)-[r:VIEWED|CARTED|ORDERED]->(:Product) WHERE r.at[0] < $cut }
  RETURN source, target, 'OWNS' AS type, 1.0 AS weight
  UNION ALL
  MATCH (source:Product)-[r:FITS]->(target:Vehicle)
  RETURN source, target, type(r) AS type, 1.0 AS weight
  UNION ALL
  MATCH (source:Vehicle)-[r:OF_MODEL]->(target:VehicleModel)
  RETURN source, target, type(r) AS type, 1.0 AS weight
  UNION ALL
  MATCH (source:VehicleModel)-[r:MADE_BY]->(target:Make)
  RETURN source, target, type(r) AS type, 1.0 AS weight
  UNION ALL
  MATCH (source:Product)-[r:OF_TYPE]->(target:PartType)
  RETURN source, target, type(r) AS type, 1.0 AS weight
  UNION ALL
  UNWIND $pairs AS pair
  MATCH (source:Product {sku: pair.sku})
  MATCH (target:Product {sku: pair.other_sku})
  RETURN source, target, pair.type AS type, pair.weight AS weight
}
RETURN gds.graph.project(
  $name, source, target,
  {
    sourceNodeLabels: labels(source),
    targetNodeLabels: labels(target),
    relationshipType: type,
    relationshipProperties: {weight: weight}
  },
  {undirectedRelationshipTypes: ['*'], readConcurrency: 1}
) AS projected
