-- purpose: parts cheaper than is recommended, or at another price than the highest that events saw
-- params: @min_price FLOAT64     cheapest price that is recommended
--         @unknown_price FLOAT64 what a part without an observed price counts as; it has none in the file either
-- reads: slots, seen
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT s.row, s.vehicle_id, s.sku,
  CASE
    WHEN s.price IS NULL AND p.price IS NULL THEN 'has no price'
    WHEN s.price IS NULL THEN CONCAT('has no price, the source ', FORMAT("$%'.2f", p.price))
    WHEN NOT COALESCE(ABS(s.price - p.price) < 0.0051, FALSE)
      THEN CONCAT('costs ', FORMAT("$%'.2f", s.price), ', in the source ', COALESCE(FORMAT("$%'.2f", p.price), 'nothing'))
    ELSE CONCAT('costs ', FORMAT("$%'.2f", s.price))
  END AS found
FROM slots AS s
LEFT JOIN seen AS p ON p.sku = s.sku
WHERE
  IS_NAN(s.price)
  OR NOT COALESCE(s.price, @unknown_price) >= @min_price
  -- text formats round to cents
  OR (s.price IS NULL) <> (p.price IS NULL)
  OR ABS(s.price - p.price) >= 0.0051
