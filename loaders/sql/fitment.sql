-- purpose: product lists of vehicles to distinct pairs of SKU and vehicle, and vehicles without any product
-- params: @blank STRING pattern of white space at either end: engines differ in what TRIM removes
-- reads: fitment
-- returns: outcome STRING, reason STRING, value STRING, source STRING, n INT64, sku STRING, year INT64, make STRING,
--          model STRING
WITH vehicle_rows AS (
  SELECT
    REGEXP_REPLACE(f.v1_year, @blank, '') AS year_text,
    NULLIF(UPPER(REGEXP_REPLACE(f.v1_make, @blank, '')), '') AS make,
    NULLIF(UPPER(REGEXP_REPLACE(f.v1_model, @blank, '')), '') AS model,
    f.products
  FROM fitment AS f
),

judged AS (
  SELECT
    r.year_text, r.make, r.model, r.products,
    CASE
      -- a pattern, not a cast: engines disagree on SAFE_CAST('1969.5' AS INT64)
      WHEN NOT COALESCE(REGEXP_CONTAINS(r.year_text, r'^[+-]?[0-9]{1,9}$'), FALSE) THEN 'fitment.bad_year'
      WHEN r.make IS NULL OR r.model IS NULL THEN 'fitment.no_vehicle'
    END AS reason
  FROM vehicle_rows AS r
),

vehicles AS (
  SELECT DISTINCT SAFE_CAST(j.year_text AS INT64) AS year, j.make, j.model FROM judged AS j WHERE j.reason IS NULL
),

listed AS (
  SELECT
    SAFE_CAST(j.year_text AS INT64) AS year, j.make, j.model,
    NULLIF(UPPER(REGEXP_REPLACE(p.product_number, @blank, '')), '') AS sku
  FROM judged AS j
  CROSS JOIN UNNEST(j.products) AS p
  WHERE j.reason IS NULL
),

items AS (
  SELECT
    i.year, i.make, i.model, i.sku,
    CASE
      WHEN i.sku IS NULL THEN 'rejected'
      WHEN REGEXP_CONTAINS(i.sku, r'^(EXT|GIFT|WARRANTY|SERVICE|PREAUTH)-') THEN 'ignored'
      ELSE 'clean'
    END AS outcome
  FROM listed AS i
),

pairs AS (
  SELECT DISTINCT i.year, i.make, i.model, i.sku FROM items AS i WHERE i.outcome = 'clean'
),

accounts AS (
  SELECT
    'rejected' AS outcome,
    j.reason,
    IF(j.reason = 'fitment.bad_year', j.year_text, NULL) AS value,
    TO_JSON_STRING(STRUCT(j.year_text AS v1_year, j.make AS v1_make, j.model AS v1_model)) AS source,
    1 AS n
  FROM judged AS j
  WHERE j.reason IS NOT NULL
  UNION ALL
  SELECT
    'rejected', 'fitment.no_sku', NULL,
    TO_JSON_STRING(STRUCT(i.year AS v1_year, i.make AS v1_make, i.model AS v1_model)), 1
  FROM items AS i
  WHERE i.outcome = 'rejected'
  UNION ALL
  SELECT 'ignored', 'sku.service', NULL, NULL, COUNT(*) FROM items AS i WHERE i.outcome = 'ignored' HAVING COUNT(*) > 0
  UNION ALL
  SELECT 'read', 'rows', NULL, NULL, COUNT(*) FROM judged AS j
  UNION ALL
  SELECT 'read', 'items', NULL, NULL, COUNT(*) FROM items AS i
)

SELECT
  'clean' AS outcome,
  CAST(NULL AS STRING) AS reason,
  CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS source,
  1 AS n,
  p.sku,
  v.year,
  v.make,
  v.model
FROM vehicles AS v
LEFT JOIN pairs AS p ON p.year = v.year AND p.make = v.make AND p.model = v.model

UNION ALL

-- Whatever looks like an address is taken out of what is kept of rejected rows.
SELECT
  a.outcome,
  a.reason,
  REGEXP_REPLACE(a.value, r'[^\s"\\@]+@[^\s"\\@]+', '<email>') AS value,
  REGEXP_REPLACE(a.source, r'[^\s"\\@]+@[^\s"\\@]+', '<email>') AS source,
  a.n,
  CAST(NULL AS STRING) AS sku,
  CAST(NULL AS INT64) AS year,
  CAST(NULL AS STRING) AS make,
  CAST(NULL AS STRING) AS model
FROM accounts AS a
