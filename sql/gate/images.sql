-- purpose: parts whose picture is not at an https address, or not the newest that events saw
-- params: none
-- reads: slots, seen
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT s.row, s.vehicle_id, s.sku,
  CASE
    WHEN s.image IS NULL THEN 'has no picture'
    WHEN p.image_url IS DISTINCT FROM s.image AND STARTS_WITH(s.image, 'https://')
      THEN CONCAT('picture at ', s.image, ', the newest ', COALESCE(CONCAT('at ', p.image_url), 'cannot be used'))
    ELSE CONCAT('picture at ', s.image)
  END AS found
FROM slots AS s
LEFT JOIN seen AS p ON p.sku = s.sku
WHERE
  s.image IS NULL
  OR NOT STARTS_WITH(s.image, 'https://')
  OR p.image_url IS DISTINCT FROM s.image
