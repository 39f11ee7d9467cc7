-- purpose: product lists of vehicles to distinct pairs of SKU and vehicle, and vehicles without any product
-- params: @invisible STRING      pattern of characters that nobody sees
--         @blank STRING          pattern of a run of white space
--         @address STRING        pattern of an address inside another text
--         @mention STRING        pattern of whatever may be one
--         @max_characters INT64 of a SKU, a make or a model
--         @first_year INT64      model years that are believed
--         @last_year INT64       the same
-- reads: fitment
-- returns: outcome STRING, reason STRING, value STRING, source_row STRING, n INT64, sku STRING, year INT64, make STRING,
--          model STRING
WITH texts AS (
  SELECT
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(f.v1_year, @invisible, ''), NFKC), @blank, ' ')) AS year_text,
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(f.v1_make, @invisible, ''), NFKC), @blank, ' ')) AS make,
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(f.v1_model, @invisible, ''), NFKC), @blank, ' ')) AS model,
    f.products
  FROM fitment AS f
),

vehicle_rows AS (
  SELECT t.year_text, NULLIF(UPPER(t.make), '') AS make, NULLIF(UPPER(t.model), '') AS model, t.products FROM texts AS t
),

judged AS (
  SELECT
    r.year_text, r.make, r.model, r.products,
    CASE
      -- a pattern, not a cast: engines disagree on SAFE_CAST('1969.5' AS INT64)
      WHEN NOT COALESCE(REGEXP_CONTAINS(r.year_text, r'^[+-]?[0-9]{1,9}$'), FALSE) THEN 'fitment.bad_year'
      WHEN NOT SAFE_CAST(r.year_text AS INT64) BETWEEN @first_year AND @last_year THEN 'fitment.bad_year'
      WHEN r.make IS NULL OR r.model IS NULL THEN 'fitment.no_vehicle'
      WHEN GREATEST(CHAR_LENGTH(r.make), CHAR_LENGTH(r.model)) > @max_characters THEN 'fitment.too_long'
      WHEN REGEXP_CONTAINS(r.make, @address) OR REGEXP_CONTAINS(r.model, @address) THEN 'fitment.address'
      WHEN STRPOS(r.make, '|') > 0 OR STRPOS(r.model, '|') > 0 THEN 'fitment.bar'
    END AS reason
  FROM vehicle_rows AS r
),

vehicles AS (
  SELECT DISTINCT SAFE_CAST(j.year_text AS INT64) AS year, j.make, j.model FROM judged AS j WHERE j.reason IS NULL
),

numbers AS (
  SELECT
    SAFE_CAST(j.year_text AS INT64) AS year, j.make, j.model,
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(p.product_number, @invisible, ''), NFKC), @blank, ' ')) AS product_number
  FROM judged AS j
  CROSS JOIN UNNEST(j.products) AS p
  WHERE j.reason IS NULL
),

listed AS (
  SELECT n.year, n.make, n.model, NULLIF(UPPER(n.product_number), '') AS sku FROM numbers AS n
),

items AS (
  SELECT
    i.year, i.make, i.model, i.sku,
    CASE
      WHEN i.sku IS NULL THEN 'fitment.no_sku'
      WHEN CHAR_LENGTH(i.sku) > @max_characters THEN 'fitment.too_long'
      WHEN REGEXP_CONTAINS(i.sku, @address) THEN 'fitment.address'
      WHEN REGEXP_CONTAINS(i.sku, r'^(EXT|GIFT|WARRANTY|SERVICE|PREAUTH)-') THEN 'sku.service'
    END AS reason
  FROM listed AS i
),

pairs AS (
  SELECT DISTINCT i.year, i.make, i.model, i.sku FROM items AS i WHERE i.reason IS NULL
),

accounts AS (
  SELECT
    'rejected' AS outcome,
    j.reason,
    IF(j.reason = 'fitment.bad_year', j.year_text, NULL) AS value,
    TO_JSON_STRING(STRUCT(j.year_text AS v1_year, j.make AS v1_make, j.model AS v1_model)) AS source_row,
    1 AS n
  FROM judged AS j
  WHERE j.reason IS NOT NULL
  UNION ALL
  SELECT
    'rejected', i.reason, NULL,
    TO_JSON_STRING(STRUCT(i.year AS v1_year, i.make AS v1_make, i.model AS v1_model)), 1
  FROM items AS i
  WHERE i.reason LIKE 'fitment.%'
  UNION ALL
  SELECT 'ignored', 'sku.service', NULL, NULL, COUNT(*) FROM items AS i WHERE i.reason = 'sku.service' HAVING COUNT(*) > 0
  UNION ALL
  SELECT 'read', 'rows', NULL, NULL, COUNT(*) FROM judged AS j
  UNION ALL
  SELECT 'read', 'items', NULL, NULL, COUNT(*) FROM items AS i
)

SELECT
  'clean' AS outcome,
  CAST(NULL AS STRING) AS reason,
  CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS source_row,
  1 AS n,
  p.sku,
  v.year,
  v.make,
  v.model
FROM vehicles AS v
LEFT JOIN pairs AS p ON p.year = v.year AND p.make = v.make AND p.model = v.model

UNION ALL

-- Whatever may be an address is taken out of what is kept of rejected rows.
SELECT
  a.outcome,
  a.reason,
  REGEXP_REPLACE(a.value, @mention, '<email>') AS value,
  REGEXP_REPLACE(a.source_row, @mention, '<email>') AS source_row,
  a.n,
  CAST(NULL AS STRING) AS sku,
  CAST(NULL AS INT64) AS year,
  CAST(NULL AS STRING) AS make,
  CAST(NULL AS STRING) AS model
FROM accounts AS a
