-- purpose: rows whose address does not own the vehicle, or that name nobody
-- params: none
-- reads: people, clean_users
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT p.row, p.vehicle_id, CAST(NULL AS STRING) AS sku, 'no user of the source has this address and vehicle' AS found
FROM people AS p
LEFT JOIN (SELECT DISTINCT u.email, u.year, u.make, u.model FROM clean_users AS u) AS o
  ON o.email = p.email AND o.year = p.year AND o.make = p.make AND o.model = p.model
WHERE o.email IS NULL
