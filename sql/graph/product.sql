-- purpose: products of the catalogue and of fitment, with price and image of the catalogue, else as events saw them
-- params: @min_price FLOAT64              cheapest price that is recommended
--         @unknown_price FLOAT64          what a product without an observed price counts as
--         @require_image BOOL             only products with an image are eligible
--         @unknown_type_min_price FLOAT64 cheapest price of a product without a part type
-- reads: clean_items, clean_fitment, clean_events
-- returns: sku STRING, base_sku STRING, display_key STRING, part_type STRING, price FLOAT64, image_url STRING,
--          title STRING, brand STRING, refurbished BOOL, eligible BOOL
WITH skus AS (
  SELECT f.sku FROM clean_fitment AS f WHERE f.sku IS NOT NULL
  UNION DISTINCT
  SELECT i.sku FROM clean_items AS i
),

prices AS (
  SELECT e.sku, MAX(e.price) AS price FROM clean_events AS e GROUP BY e.sku
),

-- The newest image decides, and when that is none to use there is none. Two of the same instant are told apart by
-- their address, so that every run decides alike.
images AS (
  SELECT e.sku, e.image_url
  FROM clean_events AS e
  WHERE e.image_at IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY e.sku ORDER BY e.image_at DESC, COALESCE(e.image_url, '') DESC) = 1
),

products AS (
  SELECT
    s.sku,
    -- one trailing colour letter, only after a digit
    REGEXP_REPLACE(s.sku, r'([0-9])[BRGP]$', r'\1') AS base_sku,
    REGEXP_REPLACE(
      REGEXP_REPLACE(s.sku, r'(?:-KIT|-BLK|-POL|-CHR|-RAW|-[A-Z0-9]{1,2})$', ''), r'([0-9])[BRGP]$', r'\1'
    ) AS display_key,
    COALESCE(i.part_type, 'UNKNOWN') AS part_type,
    COALESCE(i.price, p.price) AS price,
    COALESCE(i.image_url, img.image_url) AS image_url,
    i.title,
    i.brand,
    COALESCE(i.refurbished, FALSE) AS refurbished,
    COALESCE(i.available, TRUE) AS available
  FROM skus AS s
  LEFT JOIN clean_items AS i ON i.sku = s.sku
  LEFT JOIN prices AS p ON p.sku = s.sku
  LEFT JOIN images AS img ON img.sku = s.sku
)

SELECT
  p.sku, p.base_sku, p.display_key, p.part_type, p.price, p.image_url, p.title, p.brand, p.refurbished,
  -- Service SKUs never come this far. The words are compared as written: this is the published list.
  NOT p.refurbished
  AND p.available
  AND (p.image_url IS NOT NULL OR NOT @require_image)
  AND COALESCE(p.price, @unknown_price) >= @min_price
  AND NOT REGEXP_CONTAINS(p.part_type, r'Gasket|Decal|Key|Washer|Clamp')
  AND (
    NOT REGEXP_CONTAINS(p.part_type, r'Bolt')
    OR p.part_type IN ('Engine Cylinder Head Bolt', 'Engine Bolt Kit')
  )
  AND (
    NOT REGEXP_CONTAINS(p.part_type, r'Cap')
    OR REGEXP_CONTAINS(p.part_type, r'Distributor Cap')
    OR p.part_type IN ('Wheel Hub Cap', 'Wheel Cap Set')
  )
  AND (p.part_type <> 'UNKNOWN' OR COALESCE(p.price, @unknown_price) >= @unknown_type_min_price) AS eligible
FROM products AS p
ORDER BY p.sku
