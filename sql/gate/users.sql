-- purpose: too few rows to be sent
-- params: @min_users INT64 rows that a file has at least
-- reads: people
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT CAST(NULL AS INT64) AS row, CAST(NULL AS STRING) AS vehicle_id, CAST(NULL AS STRING) AS sku,
  CONCAT(FORMAT("%'d", COUNT(*)), ' rows; gate.min_users demands ', FORMAT("%'d", @min_users)) AS found
FROM people AS p
HAVING COUNT(*) < @min_users
