-- purpose: year-make-models of valid fitment rows and of owners
-- params: none
-- reads: clean_fitment, clean_users
-- returns: vehicle_id STRING, year INT64, make STRING, model STRING
WITH known AS (
  SELECT f.year, f.make, f.model FROM clean_fitment AS f
  UNION DISTINCT
  SELECT u.year, u.make, u.model
  FROM clean_users AS u
  WHERE u.email IS NOT NULL AND u.year IS NOT NULL AND u.make IS NOT NULL AND u.model IS NOT NULL
)

SELECT CONCAT(CAST(k.year AS STRING), '|', k.make, '|', k.model) AS vehicle_id, k.year, k.make, k.model
FROM known AS k
ORDER BY vehicle_id
