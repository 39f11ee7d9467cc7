-- purpose: the rows of an export file, numbered as they stand there, with what of them names somebody
-- params: none
-- reads: sheet
-- returns: row INT64, email STRING, year INT64, make STRING, model STRING, vehicle_id STRING, engagement_tier STRING
SELECT
  s.row,
  LOWER(TRIM(s.email_lower)) AS email,
  SAFE_CAST(s.v1_year AS INT64) AS year,
  s.v1_make AS make,
  s.v1_model AS model,
  CONCAT(COALESCE(CAST(s.v1_year AS STRING), ''), '|', COALESCE(s.v1_make, ''), '|', COALESCE(s.v1_model, '')) AS vehicle_id,
  s.engagement_tier
FROM sheet AS s
