-- purpose: rows whose address and vehicle an earlier row has
-- params: none
-- reads: people
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT p.row, p.vehicle_id, CAST(NULL AS STRING) AS sku,
  CONCAT('same address and vehicle as row ', CAST(FIRST_VALUE(p.row) OVER (PARTITION BY p.email, p.vehicle_id ORDER BY p.row) AS STRING)) AS found
FROM people AS p
QUALIFY ROW_NUMBER() OVER (PARTITION BY p.email, p.vehicle_id ORDER BY p.row) > 1
