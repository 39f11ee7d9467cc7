-- purpose: parts whose picture is not at an https address
-- params: none
-- reads: slots
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT s.row, s.vehicle_id, s.sku, COALESCE(CONCAT('picture at ', s.image), 'has no picture') AS found
FROM slots AS s
WHERE s.image IS NULL OR NOT STARTS_WITH(s.image, 'https://')
