-- purpose: parts whose image is not at an https address, or not the newest that events saw
-- params: none
-- reads: slots, seen
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT s.row, s.vehicle_id, s.sku,
  CASE
    WHEN s.image IS NULL THEN 'has no image'
    WHEN p.image_url IS DISTINCT FROM s.image AND STARTS_WITH(s.image, 'https://')
      THEN CONCAT('image at ', s.image, ', the newest ', COALESCE(CONCAT('at ', p.image_url), 'cannot be used'))
    ELSE CONCAT('image at ', s.image)
  END AS found
FROM slots AS s
LEFT JOIN seen AS p ON p.sku = s.sku
WHERE
  s.image IS NULL
  OR NOT STARTS_WITH(s.image, 'https://')
  OR p.image_url IS DISTINCT FROM s.image
