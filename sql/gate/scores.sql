-- purpose: scores that are no number, or higher than that of the slot before; slots of marketing's rules stand apart
-- params: none
-- reads: slots, rules, rule_parts, rule_rows
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH ruled AS (
  SELECT DISTINCT s.row, s.slot
  FROM slots AS s
  INNER JOIN rule_parts AS p ON p.sku = s.sku
  INNER JOIN rules AS r ON r.number = p.number
  INNER JOIN rule_rows AS o ON o.number = r.number AND o.row = s.row
),

pairs AS (
  SELECT s.row, s.slot, s.score, LAG(s.score) OVER (PARTITION BY s.row ORDER BY s.slot) AS before
  FROM slots AS s
  LEFT JOIN ruled AS r ON r.row = s.row AND r.slot = s.slot
  WHERE r.row IS NULL
)

SELECT s.row, s.vehicle_id, s.sku,
  COALESCE(CONCAT('score ', CAST(s.score AS STRING), COALESCE(CONCAT(' after ', CAST(p.before AS STRING)), '')), 'has no score') AS found
FROM slots AS s
LEFT JOIN pairs AS p ON p.row = s.row AND p.slot = s.slot
WHERE s.score IS NULL OR IS_NAN(s.score) OR IS_INF(s.score) OR p.score > p.before
