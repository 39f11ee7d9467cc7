-- purpose: parts that are refurbished, not available, a service, or of a commodity type
-- params: @unknown_type_min_price FLOAT64 cheapest price of a part without a type
--         @unknown_price FLOAT64          what a part without a price counts as
-- reads: slots, clean_items
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH judged AS (
  SELECT
    s.row, s.vehicle_id, s.sku,
    CASE
      WHEN i.refurbished THEN 'is refurbished'
      WHEN NOT i.available THEN 'is not available'
      WHEN REGEXP_CONTAINS(s.sku, r'^(EXT|GIFT|WARRANTY|SERVICE|PREAUTH)-') THEN 'is a service'
      WHEN REGEXP_CONTAINS(i.part_type, r'Gasket|Decal|Key|Washer|Clamp') THEN CONCAT('is a ', i.part_type)
      WHEN REGEXP_CONTAINS(i.part_type, r'Bolt')
        AND i.part_type NOT IN ('Engine Cylinder Head Bolt', 'Engine Bolt Kit') THEN CONCAT('is a ', i.part_type)
      WHEN REGEXP_CONTAINS(i.part_type, r'Cap')
        AND NOT REGEXP_CONTAINS(i.part_type, r'Distributor Cap')
        AND i.part_type NOT IN ('Wheel Hub Cap', 'Wheel Cap Set') THEN CONCAT('is a ', i.part_type)
      WHEN COALESCE(i.part_type, 'UNKNOWN') = 'UNKNOWN' AND COALESCE(s.price, @unknown_price) < @unknown_type_min_price
        THEN CONCAT('of unknown type at ', COALESCE(CAST(s.price AS STRING), 'no known price'))
    END AS found
  FROM slots AS s
  LEFT JOIN clean_items AS i ON i.sku = s.sku
)

SELECT j.row, j.vehicle_id, j.sku, j.found
FROM judged AS j
WHERE j.found IS NOT NULL
