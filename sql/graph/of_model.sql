-- purpose: from a year-make-model to its model
-- params: none
-- reads: vehicle
-- returns: vehicle_id STRING, model_id STRING
SELECT v.vehicle_id, CONCAT(v.make, '|', v.model) AS model_id
FROM vehicle AS v
ORDER BY v.vehicle_id
