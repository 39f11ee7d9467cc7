-- purpose: rows without three or four parts, or with a gap between them
-- params: none
-- reads: people, slots
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT p.row, p.vehicle_id, CAST(NULL AS STRING) AS sku,
  CONCAT(CAST(COUNT(s.slot) AS STRING), ' parts, the last in slot ', CAST(COALESCE(MAX(s.slot), 0) AS STRING)) AS found
FROM people AS p
LEFT JOIN slots AS s ON s.row = p.row
GROUP BY p.row, p.vehicle_id
HAVING COUNT(s.slot) < 3 OR COUNT(s.slot) <> MAX(s.slot)
