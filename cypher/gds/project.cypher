// purpose: project what a snapshot takes into GDS's memory, knowing only what was done before the cut
// mode: read
// params: $name string     of the projection
//         $cut integer     epoch seconds; times from it on do not count
//         $pairs list<map> type, sku, other_sku, weight: derived relationships as they were at the cut
// returns: projected map
CALL () {
  MATCH (start_node:User)-[r:VIEWED|CARTED|ORDERED]->(end_node:Product)
  WHERE r.at[0] < $cut
  RETURN start_node, end_node, type(r) AS type, toFloat(size([t IN r.at WHERE t < $cut])) AS weight
  UNION ALL
  MATCH (start_node:User)-[:OWNS]->(end_node:Vehicle)
  WHERE EXISTS { (start_node)-[r:VIEWED|CARTED|ORDERED]->(:Product) WHERE r.at[0] < $cut }
  RETURN start_node, end_node, 'OWNS' AS type, 1.0 AS weight
  UNION ALL
  MATCH (start_node:Product)-[r:FITS]->(end_node:Vehicle)
  RETURN start_node, end_node, type(r) AS type, 1.0 AS weight
  UNION ALL
  MATCH (start_node:Vehicle)-[r:OF_MODEL]->(end_node:VehicleModel)
  RETURN start_node, end_node, type(r) AS type, 1.0 AS weight
  UNION ALL
  MATCH (start_node:VehicleModel)-[r:MADE_BY]->(end_node:Make)
  RETURN start_node, end_node, type(r) AS type, 1.0 AS weight
  UNION ALL
  MATCH (start_node:Product)-[r:OF_TYPE]->(end_node:PartType)
  RETURN start_node, end_node, type(r) AS type, 1.0 AS weight
  UNION ALL
  UNWIND $pairs AS pair
  MATCH (start_node:Product {sku: pair.sku})
  MATCH (end_node:Product {sku: pair.other_sku})
  RETURN start_node, end_node, pair.type AS type, pair.weight AS weight
}
RETURN gds.graph.project(
  $name, start_node, end_node,
  {
    sourceNodeLabels: labels(start_node),
    targetNodeLabels: labels(end_node),
    relationshipType: type,
    relationshipProperties: {weight: weight}
  },
  {undirectedRelationshipTypes: ['*'], readConcurrency: 1}
) AS projected
