-- purpose: tiers that answer for another share of the parts than in the previous file
-- params: @max_tier_change FLOAT64 change of a share that is let pass
-- reads: slots, previous_slots
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH now AS (
  SELECT COALESCE(s.tier, 'nobody') AS tier, COUNT(*) / (SELECT COUNT(*) FROM slots AS t) AS share
  FROM slots AS s
  GROUP BY tier
),

before AS (
  SELECT COALESCE(s.tier, 'nobody') AS tier, COUNT(*) / (SELECT COUNT(*) FROM previous_slots AS t) AS share
  FROM previous_slots AS s
  GROUP BY tier
),

both_ AS (
  SELECT COALESCE(n.tier, b.tier) AS tier, COALESCE(n.share, 0) AS now, COALESCE(b.share, 0) AS before
  FROM now AS n
  FULL OUTER JOIN before AS b ON b.tier = n.tier
)

SELECT CAST(NULL AS INT64) AS row, CAST(NULL AS STRING) AS vehicle_id, CAST(NULL AS STRING) AS sku,
  CONCAT(x.tier, ' answers for ', CAST(ROUND(100 * x.now, 1) AS STRING), ' % after ', CAST(ROUND(100 * x.before, 1) AS STRING), ' %') AS found
FROM both_ AS x
WHERE ABS(x.now - x.before) > @max_tier_change
ORDER BY ABS(x.now - x.before) DESC
