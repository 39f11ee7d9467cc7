-- purpose: what the file is made of
-- params: none
-- reads: people, slots
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT CAST(NULL AS INT64) AS row, CAST(NULL AS STRING) AS vehicle_id, CAST(NULL AS STRING) AS sku, f.found
FROM (
  SELECT 1 AS part, COUNT(*) AS n, CONCAT(COALESCE(p.engagement_tier, 'no engagement tier'), ': ', FORMAT("%'d", COUNT(*)), IF(COUNT(*) = 1, ' row', ' rows')) AS found
  FROM people AS p
  GROUP BY p.engagement_tier
  UNION ALL
  SELECT 2, COUNT(*), CONCAT('answered by ', COALESCE(s.tier, 'nobody'), ': ', FORMAT("%'d", COUNT(*)), IF(COUNT(*) = 1, ' part', ' parts'))
  FROM slots AS s
  GROUP BY s.tier
  UNION ALL
  SELECT 3, COUNT(*), CONCAT(COALESCE(p.make, 'no make'), ': ', FORMAT("%'d", COUNT(*)), IF(COUNT(*) = 1, ' row', ' rows'))
  FROM people AS p
  GROUP BY p.make
) AS f
ORDER BY f.part, f.n DESC, f.found
