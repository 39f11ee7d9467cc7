-- purpose: the products of the list, or of orders and events where there is no such list, as raw rows
-- params: @has_products BOOL whether there is a list of products
-- reads: list_products, lines, happened, amounts
-- returns: PartNumber STRING, PartType STRING, Tags STRING, Title STRING, Brand STRING, ListPrice FLOAT64,
--          ListImage STRING, Available BOOL
--
-- What the list does not say of a title or a price, order lines say: the title that most of them have, the highest price.
WITH sold AS (
  SELECT UPPER(TRIM(l.sku)) AS sku, MAX(a.price) AS price
  FROM lines AS l
  LEFT JOIN amounts AS a ON a.text = l.price
  WHERE l.fate = 'kept' AND TRIM(l.sku) <> ''
  GROUP BY UPPER(TRIM(l.sku))
),

titles AS (
  SELECT UPPER(TRIM(l.sku)) AS sku, TRIM(l.title) AS title
  FROM lines AS l
  WHERE l.fate = 'kept' AND TRIM(l.title) <> ''
  GROUP BY UPPER(TRIM(l.sku)), TRIM(l.title)
  QUALIFY ROW_NUMBER() OVER (PARTITION BY UPPER(TRIM(l.sku)) ORDER BY COUNT(*) DESC, TRIM(l.title)) = 1
),

listed AS (
  SELECT
    p.sku, p.part_type, p.tags, p.title, p.brand, a.price,
    -- of several addresses the first
    REGEXP_EXTRACT(p.image_url, r'^\s*(.*?)(?:\s*[,;| ]\s*(?:https?:)?//.*)?$') AS image_url,
    LOWER(TRIM(p.available)) AS available
  FROM list_products AS p
  LEFT JOIN amounts AS a ON a.text = p.price
  UNION ALL
  SELECT n.sku, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM (
    SELECT s.sku FROM sold AS s
    UNION DISTINCT
    SELECT UPPER(TRIM(h.sku)) FROM happened AS h WHERE TRIM(h.sku) <> ''
  ) AS n
  WHERE NOT @has_products
)

SELECT
  l.sku AS PartNumber,
  l.part_type AS PartType,
  l.tags AS Tags,
  COALESCE(NULLIF(TRIM(l.title), ''), t.title) AS Title,
  l.brand AS Brand,
  COALESCE(l.price, s.price) AS ListPrice,
  l.image_url AS ListImage,
  CASE
    WHEN COALESCE(l.available, '') = '' THEN NULL
    WHEN REGEXP_CONTAINS(
      l.available,
      r'^(?:no|n|false|f|[-+]?0*[.,]?0*|-[0-9.,]+|out|out[ _-]?of[ _-]?stock|unavailable|not available|sold[ _-]?out|discontinued|draft|archived|inactive|disabled)$'
    ) THEN FALSE
    ELSE TRUE
  END AS Available
FROM listed AS l
LEFT JOIN titles AS t ON t.sku = UPPER(TRIM(l.sku))
LEFT JOIN sold AS s ON s.sku = UPPER(TRIM(l.sku))
