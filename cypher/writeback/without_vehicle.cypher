// purpose: every Vehicle that has no live vector
// mode: read
// params: none
// returns: keys
MATCH (n:Vehicle)
WHERE n.embedding IS NULL
RETURN collect(n.vehicle_id) AS keys
