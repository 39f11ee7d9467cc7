-- purpose: parts of which the address bought a colour lately
-- params: none
-- reads: slots, lately
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT s.row, s.vehicle_id, s.sku, CONCAT('bought on ', CAST(DATE(TIMESTAMP_SECONDS(l.bought_at)) AS STRING)) AS found
FROM slots AS s
INNER JOIN lately AS l ON l.email = s.email AND l.base_sku = REGEXP_REPLACE(s.sku, r'([0-9])[BRGP]$', r'\1')
