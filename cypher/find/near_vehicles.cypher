// purpose: vehicles whose names are nearest to some words, and what the graph has of their make
// mode: read
// params: $words string  in the language of the full-text index
//         $k integer     how many
// returns: vehicle_id, make, score, models, first_year, last_year
CALL db.index.fulltext.queryNodes('vehicle_search', $words, {limit: $k}) YIELD node AS v, score
OPTIONAL MATCH (:Make {name: v.make})<-[:MADE_BY]-(m:VehicleModel)
RETURN v.vehicle_id AS vehicle_id, v.make AS make, score, count(m) AS models,
       min(m.first_year) AS first_year, max(m.last_year) AS last_year
ORDER BY score DESC, vehicle_id
