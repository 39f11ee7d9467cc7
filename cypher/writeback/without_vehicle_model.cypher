// purpose: every VehicleModel that has no live vector
// mode: read
// params: none
// returns: keys
MATCH (n:VehicleModel)
WHERE n.embedding IS NULL
RETURN collect(n.model_id) AS keys
