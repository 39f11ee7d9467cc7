-- purpose: parts that come first for too many
-- params: @max_first_share FLOAT64 share of the rows in which one part may come first
-- reads: people, slots
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH firsts AS (
  SELECT s.sku, COUNT(*) / (SELECT COUNT(*) FROM people AS p) AS share
  FROM slots AS s
  WHERE s.slot = 1
  GROUP BY s.sku
)

SELECT CAST(NULL AS INT64) AS row, CAST(NULL AS STRING) AS vehicle_id, f.sku, CONCAT('first in ', CAST(ROUND(100 * f.share, 1) AS STRING), ' % of the rows') AS found
FROM firsts AS f
WHERE f.share > @max_first_share
ORDER BY f.share DESC
