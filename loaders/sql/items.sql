-- purpose: catalogue lines to one row per SKU
-- params: @blank STRING pattern of white space at either end: engines differ in what TRIM removes
-- reads: items
-- returns: outcome STRING, reason STRING, value STRING, source STRING, n INT64, sku STRING, part_type STRING,
--          refurbished BOOL, title STRING, brand STRING
WITH lines AS (
  SELECT
    NULLIF(UPPER(REGEXP_REPLACE(i.PartNumber, @blank, '')), '') AS sku,
    NULLIF(REGEXP_REPLACE(i.PartType, @blank, ''), '') AS part_type,
    REGEXP_CONTAINS(COALESCE(i.Tags, ''), r'(?i)refurbished') AS refurbished,
    NULLIF(REGEXP_REPLACE(i.Title, @blank, ''), '') AS title,
    NULLIF(REGEXP_REPLACE(i.Brand, @blank, ''), '') AS brand
  FROM items AS i
),

judged AS (
  SELECT
    l.sku, l.part_type, l.refurbished, l.title, l.brand,
    CASE
      WHEN l.sku IS NULL THEN 'rejected'
      WHEN REGEXP_CONTAINS(l.sku, r'^(EXT|GIFT|WARRANTY|SERVICE|PREAUTH)-') THEN 'ignored'
      ELSE 'clean'
    END AS outcome
  FROM lines AS l
),

accounts AS (
  SELECT
    'rejected' AS outcome,
    'item.no_sku' AS reason,
    CAST(NULL AS STRING) AS value,
    TO_JSON_STRING(STRUCT(j.part_type AS PartType, j.title AS Title, j.brand AS Brand)) AS source,
    1 AS n
  FROM judged AS j
  WHERE j.outcome = 'rejected'
  UNION ALL
  SELECT 'ignored', 'sku.service', NULL, NULL, COUNT(*) FROM judged AS j WHERE j.outcome = 'ignored' HAVING COUNT(*) > 0
  UNION ALL
  SELECT 'read', 'rows', NULL, NULL, COUNT(*) FROM judged AS j
)

SELECT
  'clean' AS outcome,
  CAST(NULL AS STRING) AS reason,
  CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS source,
  1 AS n,
  j.sku,
  MAX(j.part_type) AS part_type,  -- a SKU listed more than once: the greatest text
  LOGICAL_OR(j.refurbished) AS refurbished,
  MAX(j.title) AS title,
  MAX(j.brand) AS brand
FROM judged AS j
WHERE j.outcome = 'clean'
GROUP BY j.sku

UNION ALL

-- Whatever looks like an address is taken out of what is kept of rejected rows.
SELECT
  a.outcome,
  a.reason,
  REGEXP_REPLACE(a.value, r'[^\s"\\@]+@[^\s"\\@]+', '<email>') AS value,
  REGEXP_REPLACE(a.source, r'[^\s"\\@]+@[^\s"\\@]+', '<email>') AS source,
  a.n,
  CAST(NULL AS STRING) AS sku,
  CAST(NULL AS STRING) AS part_type,
  CAST(NULL AS BOOL) AS refurbished,
  CAST(NULL AS STRING) AS title,
  CAST(NULL AS STRING) AS brand
FROM accounts AS a
