-- purpose: scores that are no number, or higher than that of the slot before
-- params: none
-- reads: slots
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH pairs AS (
  SELECT s.row, s.vehicle_id, s.sku, s.score, LAG(s.score) OVER (PARTITION BY s.row ORDER BY s.slot) AS before
  FROM slots AS s
)

SELECT p.row, p.vehicle_id, p.sku,
  COALESCE(CONCAT('score ', CAST(p.score AS STRING), COALESCE(CONCAT(' after ', CAST(p.before AS STRING)), '')), 'has no score') AS found
FROM pairs AS p
WHERE p.score IS NULL OR IS_NAN(p.score) OR IS_INF(p.score) OR p.score > p.before
