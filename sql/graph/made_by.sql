-- purpose: from a model to its make
-- params: none
-- reads: vehicle_model
-- returns: model_id STRING, make STRING
SELECT m.model_id, m.make
FROM vehicle_model AS m
ORDER BY m.model_id
