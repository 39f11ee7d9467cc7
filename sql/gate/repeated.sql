-- purpose: parts of which the row has a variant already
-- params: none
-- reads: slots
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH families AS (
  SELECT
    s.row, s.vehicle_id, s.slot, s.sku,
    REGEXP_REPLACE(
      REGEXP_REPLACE(s.sku, r'(?:-KIT|-BLK|-POL|-CHR|-RAW|-[A-Z0-9]{1,2})$', ''), r'([0-9])[BRGP]$', r'\1'
    ) AS family
  FROM slots AS s
)

SELECT f.row, f.vehicle_id, f.sku,
  CONCAT('same as or a variant of ', FIRST_VALUE(f.sku) OVER (PARTITION BY f.row, f.family ORDER BY f.slot)) AS found
FROM families AS f
QUALIFY ROW_NUMBER() OVER (PARTITION BY f.row, f.family ORDER BY f.slot) > 1
