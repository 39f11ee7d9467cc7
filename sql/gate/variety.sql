-- purpose: too few different parts of those that may be recommended
-- params: @min_variety FLOAT64 share of the eligible parts that a file shows at least
-- reads: slots, product
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH counts AS (
  SELECT
    (SELECT COUNT(DISTINCT s.sku) FROM slots AS s) AS shown,
    (SELECT COUNT(*) FROM product AS p WHERE p.eligible) AS eligible
)

SELECT CAST(NULL AS INT64) AS row, CAST(NULL AS STRING) AS vehicle_id, CAST(NULL AS STRING) AS sku,
  CONCAT(FORMAT("%'d", c.shown), ' different parts of ', FORMAT("%'d", c.eligible), ' eligible ones') AS found
FROM counts AS c
WHERE c.shown < @min_variety * c.eligible
