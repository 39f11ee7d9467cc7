-- purpose: parts that the source does not list for the vehicle
-- params: none
-- reads: slots, clean_fitment
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT s.row, s.vehicle_id, s.sku, 'not in the fitment of this vehicle' AS found
FROM slots AS s
LEFT JOIN clean_fitment AS f ON f.sku = s.sku AND f.year = s.year AND f.make = s.make AND f.model = s.model
WHERE f.sku IS NULL
