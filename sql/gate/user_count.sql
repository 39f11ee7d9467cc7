-- purpose: another number of rows than the previous file has
-- params: @max_user_change FLOAT64 share by which the number may change
-- reads: people, previous_people
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH counts AS (
  SELECT (SELECT COUNT(*) FROM people AS p) AS now, (SELECT COUNT(*) FROM previous_people AS q) AS before
)

SELECT CAST(NULL AS INT64) AS row, CAST(NULL AS STRING) AS vehicle_id, CAST(NULL AS STRING) AS sku,
  CONCAT(FORMAT("%'d", c.now), ' rows after ', FORMAT("%'d", c.before)) AS found
FROM counts AS c
WHERE ABS(c.now - c.before) > @max_user_change * c.before
