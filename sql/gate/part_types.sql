-- purpose: parts of whose type the row has enough already
-- params: @per_part_type INT64 parts of one type in a row
-- reads: slots, clean_items
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT s.row, s.vehicle_id, s.sku, CONCAT('one more ', COALESCE(i.part_type, 'UNKNOWN')) AS found
FROM slots AS s
LEFT JOIN clean_items AS i ON i.sku = s.sku
QUALIFY ROW_NUMBER() OVER (PARTITION BY s.row, COALESCE(i.part_type, 'UNKNOWN') ORDER BY s.slot) > @per_part_type
