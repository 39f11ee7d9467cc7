-- purpose: events to one row per user, kind of interaction, SKU and day, with all its times
-- params: @as_of TIMESTAMP events at or after it are not known yet
--         @since TIMESTAMP events before it are told by the orders table, or were taken by an earlier sync
--         @invisible STRING      pattern of characters that nobody sees
--         @blank STRING          pattern of a run of white space
--         @placeholder STRING    pattern of what stands for nobody
--         @address STRING        pattern of an address inside another text
--         @mention STRING        pattern of whatever may be one
--         @max_characters INT64 of a user id or a SKU
--         @max_price FLOAT64     dearest price that is believed
-- reads: events, clean_fitment, clean_items
-- returns: outcome STRING, reason STRING, value STRING, source_row STRING, n INT64, user_id STRING, kind STRING, sku STRING,
--          day INT64, at ARRAY<INT64>, count INT64, price FLOAT64, image_url STRING, image_at INT64
--
-- What is outside the window is not read at all: the first WHERE is what partitions are pruned by, so it compares the
-- bare column. A day is one partition; a later sync replaces whole days and keeps the others. A SKU outside the catalogue
-- is rejected, and its interactions are returned as `waiting` beside: the catalogue may list it tomorrow. Orders of a
-- service are `waiting`, too: no catalogue lists them, but they tell who is hot.
--
-- Events are taken apart and put together again under an id of their own, because a subquery per row over its
-- properties takes DuckDB ten times as long. The id lives inside one chain of steps: it may differ wherever the chain
-- is repeated. No array element is reached by a computed offset: emulators count them differently.
WITH catalogue AS (
  SELECT f.sku FROM clean_fitment AS f WHERE f.sku IS NOT NULL
  UNION DISTINCT
  SELECT i.sku FROM clean_items AS i
),

texts AS (
  SELECT
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(e.user_id, @invisible, ''), NFKC), @blank, ' ')) AS user_id,
    UPPER(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(e.event_name, @invisible, ''), NFKC), @blank, ' '))) AS name,
    e.client_event_timestamp AS time,
    e.event_properties
  FROM events AS e
  WHERE
    (e.client_event_timestamp >= @since AND e.client_event_timestamp < @as_of)
    OR e.client_event_timestamp IS NULL
),

named AS (
  SELECT
    GENERATE_UUID() AS row_id,
    NULLIF(IF(REGEXP_CONTAINS(t.user_id, @mention), LOWER(t.user_id), t.user_id), '') AS user_id,
    t.name,
    t.time,
    CASE
      WHEN t.name = 'VIEWED PRODUCT' THEN 'VIEWED'
      WHEN t.name = 'CART UPDATE' THEN 'CARTED'
      WHEN t.name IN ('ORDERED PRODUCT', 'PLACED ORDER', 'CONSUMER WEBSITE ORDER') THEN 'ORDERED'
    END AS kind,
    -- the shape of the name of the properties that hold this event's SKUs
    CASE
      WHEN t.name IN ('CART UPDATE', 'PLACED ORDER') THEN 'items_#.id'
      WHEN t.name = 'CONSUMER WEBSITE ORDER' THEN 'skus_#'
      ELSE 'id'
    END AS sku_shape,
    t.event_properties
  FROM texts AS t
),

placed AS (
  SELECT
    n.row_id, n.user_id, n.name, n.time, n.kind, n.sku_shape, n.event_properties,
    CASE
      WHEN n.kind IS NULL THEN 'other_name'
      WHEN n.user_id IS NULL THEN 'event.no_user'
      WHEN REGEXP_CONTAINS(n.user_id, @placeholder) THEN 'event.placeholder_user'
      WHEN CHAR_LENGTH(n.user_id) > @max_characters THEN 'event.too_long'
      WHEN n.time IS NULL THEN 'event.no_time'
    END AS reason
  FROM named AS n
),

listed AS (
  SELECT
    p.row_id, p.user_id, p.name, p.time, p.kind, p.sku_shape, p.reason,
    LOWER(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(u.property_name, @invisible, ''), NFKC), @blank, ' '))) AS property,
    u.string_value, u.long_value, u.double_value
  FROM placed AS p
  CROSS JOIN UNNEST(
    -- one property more, in slot '', so that an event without any is still a row
    ARRAY_CONCAT(
      [STRUCT(
        '' AS property_name, CAST(NULL AS STRING) AS string_value,
        CAST(NULL AS INT64) AS long_value, CAST(NULL AS FLOAT64) AS double_value
      )],
      COALESCE(IF(p.reason IS NULL, p.event_properties, []), [])
    )
  ) AS u
),

properties AS (
  SELECT
    l.row_id, l.user_id, l.name, l.time, l.kind, l.sku_shape, l.reason, l.property,
    NULLIF(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(l.string_value, @invisible, ''), NFKC), @blank, ' ')), '') AS words,
    -- the address of an image stays as it is but for what surrounds it
    NULLIF(TRIM(REGEXP_REPLACE(REGEXP_REPLACE(l.string_value, @invisible, ''), @blank, ' ')), '') AS url,
    CAST(l.long_value AS STRING) AS digits,
    COALESCE(l.double_value, CAST(l.long_value AS FLOAT64)) AS number
  FROM listed AS l
  WHERE REGEXP_CONTAINS(
    l.property,
    r'^(|prod(uct)?id|price|itemprice|imageurl|skus_[0-9]+|items_[0-9]+\.(prod(uct)?id|itemprice|imageurl))$'
  )
),

shaped AS (
  SELECT
    p.row_id, p.user_id, p.name, p.time, p.kind, p.sku_shape, p.reason, p.words, p.url, p.digits, p.number,
    -- items_12.productid becomes items_#.id in slot 12
    REGEXP_REPLACE(REGEXP_REPLACE(p.property, r'^(items|skus)_[0-9]+', r'\1_#'), r'prod(uct)?id$', 'id') AS shape,
    COALESCE(REGEXP_EXTRACT(p.property, r'^(?:items|skus)_([0-9]+)'), '') AS slot
  FROM properties AS p
),

-- A price in words without its currency.
amounts AS (
  SELECT
    s.row_id, s.user_id, s.name, s.time, s.kind, s.sku_shape, s.reason, s.words, s.url, s.digits, s.shape, s.slot, s.number,
    s.shape IN ('price', 'itemprice', 'items_#.itemprice') AS is_price,
    REGEXP_REPLACE(
      IF(s.shape IN ('price', 'itemprice', 'items_#.itemprice') AND s.number IS NULL, s.words, NULL),
      r'(?i)^(?:(?:usd|cad|eur|gbp|aud|mxn) ?)?(?:(?:us|ca|c|au|a|mx)?\p{Sc} ?)?| ?\p{Sc}?(?: ?(?:usd|cad|eur|gbp|aud|mxn))?$', ''
    ) AS amount
  FROM shaped AS s
),

-- Patterns before the cast: engines also read 1_000, inf or nan as numbers.
priced AS (
  SELECT
    a.row_id, a.user_id, a.name, a.time, a.kind, a.sku_shape, a.reason, a.words, a.url, a.digits, a.shape, a.slot,
    a.is_price AND (a.number IS NOT NULL OR a.words IS NOT NULL) AS has_price,
    IF(a.is_price, COALESCE(
        a.number,
        SAFE_CAST(
          CASE
            WHEN REGEXP_CONTAINS(a.amount, r'^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$') THEN a.amount
            -- 1,299.00
            WHEN REGEXP_CONTAINS(a.amount, r"^[0-9]{1,3}([, '][0-9]{3})+(\.[0-9]+)?$")
              THEN REGEXP_REPLACE(a.amount, r"[, ']", '')
            -- 1.299,00
            WHEN REGEXP_CONTAINS(a.amount, r"^([0-9]+|[0-9]{1,3}([. '][0-9]{3})+),[0-9]{1,2}$")
              THEN REPLACE(REGEXP_REPLACE(a.amount, r"[. ']", ''), ',', '.')
            WHEN REGEXP_CONTAINS(a.amount, r'^[0-9]{1,3}(\.[0-9]{3}){2,}$') THEN REPLACE(a.amount, '.', '')
          END AS FLOAT64
        )
    ), NULL) AS price
  FROM amounts AS a
),

slots AS (
  SELECT
    s.row_id,
    s.slot,
    ANY_VALUE(s.user_id) AS user_id,
    ANY_VALUE(s.name) AS name,
    ANY_VALUE(s.time) AS time,
    ANY_VALUE(s.kind) AS kind,
    ANY_VALUE(s.reason) AS reason,
    -- '' stands for none (a blank SKU is none): the emulator cannot read DISTINCT beside IGNORE NULLS
    ARRAY_AGG(DISTINCT IF(s.shape = s.sku_shape, UPPER(COALESCE(s.words, s.digits, '')), '')) AS skus,
    COUNT(IF(s.shape = s.sku_shape, COALESCE(s.words, s.digits), NULL)) > 0 AS has_sku,
    MAX(IF(NOT IS_NAN(s.price) AND s.price <= @max_price AND NOT IS_INF(s.price), s.price, NULL)) AS price,
    LOGICAL_OR(
      s.has_price AND COALESCE(IS_NAN(s.price) OR s.price > @max_price OR IS_INF(s.price), TRUE)
    ) AS bad_price,
    -- '' stands for an image that cannot be used: it is less than any that can
    MAX(
      CASE
        WHEN s.shape NOT IN ('imageurl', 'items_#.imageurl') OR s.url IS NULL THEN NULL
        -- what ends like a file of an image is no address: logo@2x.png
        WHEN REGEXP_CONTAINS(REGEXP_REPLACE(s.url, r'(?i)@[^@/?&]*\.(jpe?g|png|gif|webp|avif|svg)', ''), @address) THEN ''
        WHEN STARTS_WITH(s.url, '//') THEN CONCAT('https:', s.url)
        WHEN STARTS_WITH(s.url, 'http://') THEN CONCAT('https', SUBSTR(s.url, 5))
        WHEN STARTS_WITH(s.url, 'https://') THEN s.url
        ELSE ''
      END
    ) AS image_url
  FROM priced AS s
  GROUP BY s.row_id, s.slot
),

-- Slots with a SKU; an event without any keeps its slot ''.
filled AS (
  SELECT s.user_id, s.name, s.time, s.kind, s.reason, s.skus, s.has_sku, s.price, s.bad_price, s.image_url
  FROM slots AS s
  WHERE TRUE
  QUALIFY s.has_sku OR (s.slot = '' AND NOT LOGICAL_OR(s.has_sku) OVER (PARTITION BY s.row_id))
),

items AS (
  SELECT f.user_id, f.name, f.time, f.kind, f.reason, one AS sku, f.price, f.bad_price, f.image_url
  FROM filled AS f
  CROSS JOIN UNNEST(f.skus) AS one
  WHERE f.has_sku AND one <> ''
  UNION ALL
  SELECT f.user_id, f.name, f.time, f.kind, COALESCE(f.reason, 'event.no_sku'), NULL, NULL, FALSE, NULL
  FROM filled AS f
  WHERE NOT f.has_sku
),

judged AS (
  SELECT
    i.user_id, i.name, i.time, i.kind, i.sku, i.price, i.bad_price, i.image_url,
    CASE
      WHEN i.reason IS NOT NULL THEN i.reason
      WHEN CHAR_LENGTH(i.sku) > @max_characters THEN 'event.too_long'
      WHEN REGEXP_CONTAINS(i.sku, @address) THEN 'event.address'
      WHEN REGEXP_CONTAINS(i.sku, r'^(EXT|GIFT|WARRANTY|SERVICE|PREAUTH)-') THEN 'sku.service'
      WHEN c.sku IS NULL THEN 'event.unknown_sku'
    END AS reason
  FROM items AS i
  LEFT JOIN catalogue AS c ON c.sku = i.sku
),

-- The same user, name, time and SKU is one interaction however often it is delivered.
interactions AS (
  SELECT
    j.user_id, j.kind, j.name, j.sku, j.time,
    LOGICAL_AND(j.reason IS NULL) AS listed,  -- of one SKU all or none
    MAX(j.price) AS price, MAX(j.image_url) AS image_url
  FROM judged AS j
  WHERE j.reason IS NULL OR j.reason = 'event.unknown_sku' OR (j.reason = 'sku.service' AND j.kind = 'ORDERED')
  GROUP BY j.user_id, j.kind, j.name, j.sku, j.time
),

daily AS (
  SELECT
    i.user_id, i.kind, i.sku, UNIX_DATE(DATE(i.time, 'UTC')) AS day, i.time, i.listed, i.price, i.image_url
  FROM interactions AS i
),

dated AS (
  SELECT
    i.user_id, i.kind, i.sku, i.day, i.time, i.listed, i.price, i.image_url,
    MAX(IF(i.image_url IS NOT NULL, i.time, NULL)) OVER (PARTITION BY i.user_id, i.kind, i.sku, i.day) AS image_time
  FROM daily AS i
),

accounts AS (
  SELECT
    'rejected' AS outcome,
    j.reason,
    IF(j.reason = 'event.unknown_sku', j.sku, NULL) AS value,
    TO_JSON_STRING(STRUCT(
      j.user_id AS user_id, j.name AS event_name, UNIX_MICROS(j.time) AS client_event_micros, j.sku AS sku
    )) AS source_row,
    1 AS n
  FROM judged AS j
  WHERE j.reason LIKE 'event.%'
  UNION ALL
  SELECT 'ignored', j.reason, NULL, NULL, COUNT(*) FROM judged AS j WHERE j.reason NOT LIKE 'event.%' GROUP BY j.reason
  UNION ALL
  -- items whose price says nothing
  SELECT 'ignored', 'bad_price', NULL, NULL, COUNT(*) FROM judged AS j WHERE j.bad_price AND j.reason IS NULL HAVING COUNT(*) > 0
  UNION ALL
  SELECT 'read', 'items', NULL, NULL, COUNT(j.sku) FROM judged AS j
  UNION ALL
  SELECT 'read', 'rows', NULL, NULL, COUNT(*) FROM named AS n
)

SELECT
  IF(LOGICAL_AND(d.listed), 'clean', 'waiting') AS outcome,
  CAST(NULL AS STRING) AS reason,
  CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS source_row,
  1 AS n,
  d.user_id,
  d.kind,
  d.sku,
  d.day,
  -- whole seconds by integer division: casts of fractional seconds round up in some engines
  ARRAY_AGG(DIV(UNIX_MICROS(d.time), 1000000) ORDER BY d.time) AS `at`,
  COUNT(*) AS count,
  MAX(d.price) AS price,
  NULLIF(MAX(IF(d.time = d.image_time, d.image_url, NULL)), '') AS image_url,
  UNIX_MICROS(MAX(d.image_time)) AS image_at
FROM dated AS d
GROUP BY d.user_id, d.kind, d.sku, d.day

UNION ALL

-- Whatever may be an address is taken out of what is kept of rejected rows.
SELECT
  a.outcome,
  a.reason,
  REGEXP_REPLACE(a.value, @mention, '<email>') AS value,
  REGEXP_REPLACE(a.source_row, @mention, '<email>') AS source_row,
  a.n,
  CAST(NULL AS STRING) AS user_id,
  CAST(NULL AS STRING) AS kind,
  CAST(NULL AS STRING) AS sku,
  CAST(NULL AS INT64) AS day,
  CAST(NULL AS ARRAY<INT64>) AS `at`,
  CAST(NULL AS INT64) AS count,
  CAST(NULL AS FLOAT64) AS price,
  CAST(NULL AS STRING) AS image_url,
  CAST(NULL AS INT64) AS image_at
FROM accounts AS a
