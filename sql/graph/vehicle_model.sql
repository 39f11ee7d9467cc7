-- purpose: makes and models with the years that exist of them
-- params: none
-- reads: vehicle
-- returns: model_id STRING, make STRING, model STRING, first_year INT64, last_year INT64
SELECT
  CONCAT(v.make, '|', v.model) AS model_id,
  v.make,
  v.model,
  MIN(v.year) AS first_year,
  MAX(v.year) AS last_year
FROM vehicle AS v
GROUP BY v.make, v.model
ORDER BY model_id
