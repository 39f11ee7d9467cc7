-- purpose: order lines to one row per email and SKU, with the times that count and the latest that is known
-- params: @as_of TIMESTAMP    lines dated at or after it are not known yet
--         @boundary TIMESTAMP lines from it on are told by events; here they only move last_at
--         @invisible STRING   pattern of characters that nobody sees
--         @blank STRING       pattern of a run of white space
--         @placeholder STRING pattern of what stands for nobody
--         @mailbox STRING     pattern of one address and nothing beside it
--         @mention STRING     pattern of whatever may be an address
--         @max_characters INT64 of a SKU or an email
-- reads: orders, clean_fitment, clean_items
-- returns: outcome STRING, reason STRING, value STRING, source_row STRING, n INT64, email STRING, sku STRING,
--          at ARRAY<INT64>, last_at INT64
WITH catalogue AS (
  SELECT f.sku FROM clean_fitment AS f WHERE f.sku IS NOT NULL
  UNION DISTINCT
  SELECT i.sku FROM clean_items AS i
),

texts AS (
  SELECT
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(o.ITEM, @invisible, ''), NFKC), @blank, ' ')) AS item,
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(o.SHIP_TO_EMAIL, @invisible, ''), NFKC), @blank, ' ')) AS email,
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(o.ORDER_DATE, @invisible, ''), NFKC), @blank, ' ')) AS date_text,
    o.ORDER_NUMBER AS order_number
  FROM orders AS o
),

lines AS (
  SELECT NULLIF(UPPER(t.item), '') AS sku, NULLIF(LOWER(t.email), '') AS email, t.date_text, t.order_number
  FROM texts AS t
),

-- Spelled out, because engines differ in what PARSE_DATE lets pass; once per text, because there are few.
date_parts AS (
  SELECT
    t.date_text,
    LOWER(REGEXP_EXTRACT(t.date_text, r'(?i)^(?:mon|tues|wednes|thurs|fri|satur|sun)day,\s*([a-z]+)\s+[0-9]{1,2},\s*[0-9]{4}$'))
      AS month_name,
    REGEXP_EXTRACT(t.date_text, r'([0-9]{1,2}),\s*[0-9]{4}$') AS day,
    REGEXP_EXTRACT(t.date_text, r'([0-9]{4})$') AS year
  FROM (SELECT DISTINCT l.date_text FROM lines AS l) AS t
),

dates AS (
  SELECT
    p.date_text,
    SAFE_CAST(
      CONCAT(
        p.year, '-',
        CASE p.month_name
          WHEN 'january' THEN '01' WHEN 'february' THEN '02' WHEN 'march' THEN '03' WHEN 'april' THEN '04'
          WHEN 'may' THEN '05' WHEN 'june' THEN '06' WHEN 'july' THEN '07' WHEN 'august' THEN '08'
          WHEN 'september' THEN '09' WHEN 'october' THEN '10' WHEN 'november' THEN '11' WHEN 'december' THEN '12'
        END,
        '-', LPAD(p.day, 2, '0')
      ) AS DATE
    ) AS day
  FROM date_parts AS p
),

judged AS (
  SELECT
    l.sku, l.email, l.date_text, l.order_number,
    UNIX_DATE(d.day) * 86400 AS `at`,  -- midnight UTC
    UNIX_DATE(d.day) * 86400000000 >= UNIX_MICROS(@boundary) AS past_boundary,
    CASE
      WHEN d.day IS NULL THEN 'order.bad_date'
      WHEN UNIX_DATE(d.day) * 86400000000 >= UNIX_MICROS(@as_of) THEN 'outside_window'
      WHEN l.sku IS NULL THEN 'order.no_item'
      WHEN l.email IS NULL THEN 'order.no_email'
      WHEN REGEXP_CONTAINS(l.email, @placeholder) THEN 'order.placeholder_email'
      WHEN GREATEST(CHAR_LENGTH(l.sku), CHAR_LENGTH(l.email)) > @max_characters THEN 'order.too_long'
      WHEN NOT REGEXP_CONTAINS(l.email, @mailbox) THEN 'order.bad_email'
      WHEN REGEXP_CONTAINS(l.sku, r'^(EXT|GIFT|WARRANTY|SERVICE|PREAUTH)-') THEN 'sku.service'
      WHEN c.sku IS NULL THEN 'order.unknown_sku'
    END AS reason
  FROM lines AS l
  LEFT JOIN dates AS d ON d.date_text = l.date_text
  LEFT JOIN catalogue AS c ON c.sku = l.sku
),

accounts AS (
  SELECT
    'rejected' AS outcome,
    j.reason,
    CASE j.reason WHEN 'order.bad_date' THEN j.date_text WHEN 'order.unknown_sku' THEN j.sku END AS value,
    TO_JSON_STRING(STRUCT(j.sku AS ITEM, j.date_text AS ORDER_DATE, j.order_number AS ORDER_NUMBER)) AS source_row,
    1 AS n,
    j.email AS email  -- hashed before anything is kept
  FROM judged AS j
  WHERE j.reason LIKE 'order.%'
  UNION ALL
  SELECT
    'ignored', j.reason,
    -- up to when the rest is all that is known
    IF(j.reason = 'outside_window', CAST(MIN(j.at) * 1000000 AS STRING), NULL),
    NULL, COUNT(*), NULL
  FROM judged AS j
  WHERE j.reason NOT LIKE 'order.%'
  GROUP BY j.reason
  UNION ALL
  -- known and kept for what not to recommend again, but not counted
  SELECT 'ignored', 'past_boundary', NULL, NULL, COUNT(*), NULL
  FROM judged AS j
  WHERE j.reason IS NULL AND j.past_boundary
  HAVING COUNT(*) > 0
  UNION ALL
  SELECT 'read', 'rows', NULL, NULL, COUNT(*), NULL FROM judged AS j
)

SELECT
  'clean' AS outcome,
  CAST(NULL AS STRING) AS reason,
  CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS source_row,
  1 AS n,
  j.email,
  j.sku,
  COALESCE(ARRAY_AGG(IF(j.past_boundary, NULL, j.at) IGNORE NULLS ORDER BY j.at), ARRAY<INT64>[]) AS `at`,
  MAX(j.at) AS last_at
FROM judged AS j
WHERE j.reason IS NULL
GROUP BY j.email, j.sku

UNION ALL

-- Whatever may be an address is taken out of what is kept of rejected rows.
SELECT
  a.outcome,
  a.reason,
  REGEXP_REPLACE(a.value, @mention, '<email>') AS value,
  REGEXP_REPLACE(a.source_row, @mention, '<email>') AS source_row,
  a.n,
  a.email,
  CAST(NULL AS STRING) AS sku,
  CAST(NULL AS ARRAY<INT64>) AS `at`,
  CAST(NULL AS INT64) AS last_at
FROM accounts AS a
