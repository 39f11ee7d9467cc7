// purpose: vehicles by parts of their name, those with the most owners first
// mode: read
// params: $words string  in the language of the full-text index
//         $k integer     how many
// returns: vehicle_id, owners, parts
CALL db.index.fulltext.queryNodes('vehicle_search', $words) YIELD node AS v
WITH v, COUNT { (v)<-[:OWNS]-() } AS owners
ORDER BY owners DESC, v.vehicle_id
LIMIT $k
RETURN v.vehicle_id AS vehicle_id, owners, COUNT { (v)<-[:FITS]-(:Product {eligible: true}) } AS parts
ORDER BY owners DESC, vehicle_id
