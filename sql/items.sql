-- purpose: catalogue lines to one row per SKU
-- params: @invisible STRING      pattern of characters that nobody sees
--         @blank STRING          pattern of a run of white space
--         @address STRING        pattern of an address inside another text
--         @mention STRING        pattern of whatever may be one
--         @max_characters INT64 of a SKU or a part type
--         @max_price FLOAT64     dearest price that is believed
-- reads: items
-- returns: outcome STRING, reason STRING, value STRING, source_row STRING, n INT64, sku STRING, part_type STRING,
--          refurbished BOOL, title STRING, brand STRING, price FLOAT64, image_url STRING, available BOOL
WITH texts AS (
  SELECT
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(i.PartNumber, @invisible, ''), NFKC), @blank, ' ')) AS part_number,
    NULLIF(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(i.PartType, @invisible, ''), NFKC), @blank, ' ')), '') AS part_type,
    REGEXP_CONTAINS(COALESCE(i.Tags, ''), r'(?i)refurbished') AS refurbished,
    NULLIF(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(i.Title, @invisible, ''), NFKC), @blank, ' ')), '') AS title,
    NULLIF(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(i.Brand, @invisible, ''), NFKC), @blank, ' ')), '') AS brand,
    i.ListPrice AS price,
    -- the address of an image stays as it is but for what surrounds it
    NULLIF(TRIM(REGEXP_REPLACE(REGEXP_REPLACE(i.ListImage, @invisible, ''), @blank, ' ')), '') AS url,
    i.Available AS available
  FROM items AS i
),

lines AS (
  SELECT
    NULLIF(UPPER(t.part_number), '') AS sku, t.part_type, t.refurbished, t.title, t.brand, t.available,
    IF(NOT IS_NAN(t.price) AND NOT IS_INF(t.price) AND t.price > 0 AND t.price <= @max_price, t.price, NULL) AS price,
    CASE
      WHEN REGEXP_CONTAINS(REGEXP_REPLACE(t.url, r'(?i)@[^@/?&]*\.(jpe?g|png|gif|webp|avif|svg)', ''), @address) THEN NULL
      WHEN STARTS_WITH(t.url, '//') THEN CONCAT('https:', t.url)
      WHEN STARTS_WITH(t.url, 'http://') THEN CONCAT('https', SUBSTR(t.url, 5))
      WHEN STARTS_WITH(t.url, 'https://') THEN t.url
    END AS image_url,
    CONCAT(COALESCE(t.part_number, ''), ' ', COALESCE(t.part_type, ''), ' ', COALESCE(t.title, ''), ' ', COALESCE(t.brand, ''))
      AS all_of_it
  FROM texts AS t
),

judged AS (
  SELECT
    l.sku, l.part_type, l.refurbished, l.title, l.brand, l.price, l.image_url, l.available,
    CASE
      WHEN l.sku IS NULL THEN 'item.no_sku'
      WHEN CHAR_LENGTH(l.sku) > @max_characters OR CHAR_LENGTH(l.part_type) > @max_characters THEN 'item.too_long'
      WHEN REGEXP_CONTAINS(l.all_of_it, @address) THEN 'item.address'
      WHEN REGEXP_CONTAINS(l.sku, r'^(EXT|GIFT|WARRANTY|SERVICE|PREAUTH)-') THEN 'sku.service'
    END AS reason
  FROM lines AS l
),

accounts AS (
  SELECT
    'rejected' AS outcome,
    j.reason,
    CAST(NULL AS STRING) AS value,
    TO_JSON_STRING(STRUCT(j.part_type AS PartType, j.title AS Title, j.brand AS Brand)) AS source_row,
    1 AS n
  FROM judged AS j
  WHERE j.reason LIKE 'item.%'
  UNION ALL
  SELECT 'ignored', 'sku.service', NULL, NULL, COUNT(*) FROM judged AS j WHERE j.reason = 'sku.service' HAVING COUNT(*) > 0
  UNION ALL
  SELECT 'read', 'rows', NULL, NULL, COUNT(*) FROM judged AS j
)

SELECT
  'clean' AS outcome,
  CAST(NULL AS STRING) AS reason,
  CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS source_row,
  1 AS n,
  j.sku,
  MAX(j.part_type) AS part_type,  -- a SKU listed more than once: the greatest text
  LOGICAL_OR(j.refurbished) AS refurbished,
  MAX(j.title) AS title,
  MAX(j.brand) AS brand,
  MAX(j.price) AS price,
  MAX(j.image_url) AS image_url,
  LOGICAL_OR(j.available) AS available
FROM judged AS j
WHERE j.reason IS NULL
GROUP BY j.sku

UNION ALL

-- Whatever may be an address is taken out of what is kept of rejected rows.
SELECT
  a.outcome,
  a.reason,
  REGEXP_REPLACE(a.value, @mention, '<email>') AS value,
  REGEXP_REPLACE(a.source_row, @mention, '<email>') AS source_row,
  a.n,
  CAST(NULL AS STRING) AS sku,
  CAST(NULL AS STRING) AS part_type,
  CAST(NULL AS BOOL) AS refurbished,
  CAST(NULL AS STRING) AS title,
  CAST(NULL AS STRING) AS brand,
  CAST(NULL AS FLOAT64) AS price,
  CAST(NULL AS STRING) AS image_url,
  CAST(NULL AS BOOL) AS available
FROM accounts AS a
