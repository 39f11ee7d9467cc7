-- purpose: which product fits which vehicle
-- params: none
-- reads: clean_fitment
-- returns: sku STRING, vehicle_id STRING
SELECT f.sku, CONCAT(CAST(f.year AS STRING), '|', f.make, '|', f.model) AS vehicle_id
FROM clean_fitment AS f
WHERE f.sku IS NOT NULL
ORDER BY f.sku, vehicle_id
