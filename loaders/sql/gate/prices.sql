-- purpose: parts without a price, or cheaper than is recommended
-- params: @min_price FLOAT64 cheapest price that is recommended
-- reads: slots
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT s.row, s.vehicle_id, s.sku, COALESCE(CONCAT('costs ', CAST(s.price AS STRING)), 'has no price') AS found
FROM slots AS s
WHERE s.price IS NULL OR NOT s.price >= @min_price OR IS_NAN(s.price)
