-- purpose: what events say of parts, per user and SKU: the highest price, the newest image, the latest order
-- params: @as_of TIMESTAMP       events at or after it are not known yet
--         @since TIMESTAMP       events before it are told by the orders table
--         @invisible STRING      pattern of characters that nobody sees
--         @blank STRING          pattern of a run of white space
--         @placeholder STRING    pattern of what stands for nobody
--         @address STRING        pattern of an address inside another text
--         @mention STRING        pattern of whatever may be one
--         @max_characters INT64 of a user id or a SKU
--         @max_price FLOAT64     dearest price that is believed
-- reads: events
-- returns: user_id STRING, sku STRING, price FLOAT64, image_url STRING, image_at INT64, bought_at INT64
--
-- The value rules once more, from the contract and not from `events.sql`: what a sync gets wrong is not got wrong here.
-- An `image_url` of NULL beside an `image_at` is a newest image that cannot be used.
WITH happened AS (
  SELECT
    GENERATE_UUID() AS event_id,
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(e.user_id, @invisible, ''), NFKC), @blank, ' ')) AS user_id,
    UPPER(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(e.event_name, @invisible, ''), NFKC), @blank, ' '))) AS event_name,
    e.client_event_timestamp AS time,
    e.event_properties
  FROM events AS e
  WHERE e.client_event_timestamp >= @since AND e.client_event_timestamp < @as_of
),

properties AS (
  SELECT
    h.event_id,
    IF(REGEXP_CONTAINS(h.user_id, @mention), LOWER(h.user_id), h.user_id) AS user_id,
    h.event_name,
    h.time,
    LOWER(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(p.property_name, @invisible, ''), NFKC), @blank, ' '))) AS name,
    NULLIF(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(p.string_value, @invisible, ''), NFKC), @blank, ' ')), '') AS words,
    NULLIF(TRIM(REGEXP_REPLACE(REGEXP_REPLACE(p.string_value, @invisible, ''), @blank, ' ')), '') AS url,
    CAST(p.long_value AS STRING) AS digits,
    COALESCE(p.double_value, CAST(p.long_value AS FLOAT64)) AS number
  FROM happened AS h
  CROSS JOIN UNNEST(h.event_properties) AS p
  WHERE
    h.event_name IN ('VIEWED PRODUCT', 'CART UPDATE', 'ORDERED PRODUCT', 'PLACED ORDER', 'CONSUMER WEBSITE ORDER')
    AND h.user_id <> ''
    AND NOT REGEXP_CONTAINS(h.user_id, @placeholder)
    AND CHAR_LENGTH(h.user_id) <= @max_characters
),

told AS (
  SELECT
    p.event_id, p.user_id, p.event_name, p.time, p.words, p.url, p.digits, p.number,
    COALESCE(REGEXP_EXTRACT(p.name, r'^(?:items|skus)_([0-9]+)'), '') AS item,
    CASE
      WHEN REGEXP_CONTAINS(p.name, r'^(items_[0-9]+\.item|item)?price$') THEN 'price'
      WHEN REGEXP_CONTAINS(p.name, r'^(items_[0-9]+\.)?imageurl$') THEN 'image'
      WHEN p.event_name IN ('VIEWED PRODUCT', 'ORDERED PRODUCT') AND p.name IN ('productid', 'prodid') THEN 'sku'
      WHEN p.event_name IN ('CART UPDATE', 'PLACED ORDER')
        AND REGEXP_CONTAINS(p.name, r'^items_[0-9]+\.prod(uct)?id$') THEN 'sku'
      WHEN p.event_name = 'CONSUMER WEBSITE ORDER' AND REGEXP_CONTAINS(p.name, r'^skus_[0-9]+$') THEN 'sku'
    END AS what
  FROM properties AS p
),

-- A price in words: what stands before and after its digits is taken off, then its thousands separators.
amounts AS (
  SELECT
    t.event_id, t.user_id, t.event_name, t.time, t.item, t.what, t.words, t.url, t.digits, t.number,
    IF(t.what = 'price', REGEXP_REPLACE(
      REGEXP_REPLACE(t.words, r'(?i)^(?:(?:USD|CAD|EUR|GBP|AUD|MXN) ?)?(?:(?:US|CA|C|AU|A|MX)?\p{Sc} ?)?', ''),
      r'(?i)(?: ?\p{Sc})?(?: ?(?:USD|CAD|EUR|GBP|AUD|MXN))?$',
      ''
    ), NULL) AS amount
  FROM told AS t
  WHERE t.what IS NOT NULL
),

valued AS (
  SELECT
    a.event_id, a.user_id, a.event_name, a.time, a.item, a.what,
    UPPER(COALESCE(a.words, a.digits)) AS sku,
    IF(a.what = 'price', COALESCE(a.number, SAFE_CAST(CASE
      WHEN REGEXP_CONTAINS(a.amount, r'^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$') THEN a.amount
      WHEN REGEXP_CONTAINS(a.amount, r"^[0-9]{1,3}(?:[,' ][0-9]{3})+(?:\.[0-9]+)?$") THEN REGEXP_REPLACE(a.amount, r"[^0-9.]", '')
      WHEN REGEXP_CONTAINS(a.amount, r"^(?:[0-9]+|[0-9]{1,3}(?:[.' ][0-9]{3})+),[0-9]{1,2}$")
        THEN REPLACE(REGEXP_REPLACE(a.amount, r'[^0-9,]', ''), ',', '.')
      WHEN REGEXP_CONTAINS(a.amount, r'^[0-9]{1,3}(?:\.[0-9]{3}){2,}$') THEN REPLACE(a.amount, '.', '')
    END AS FLOAT64)), NULL) AS price,
    -- '' stands for an image that cannot be used
    CASE
      WHEN a.what <> 'image' OR a.url IS NULL THEN NULL
      WHEN REGEXP_CONTAINS(REGEXP_REPLACE(a.url, r'(?i)@[^@/?&]*\.(jpe?g|png|gif|webp|avif|svg)', ''), @address) THEN ''
      WHEN REGEXP_CONTAINS(a.url, r'^(?:https?:)?//') THEN REGEXP_REPLACE(a.url, r'^(?:https?:)?//', 'https://')
      ELSE ''
    END AS image
  FROM amounts AS a
),

-- An item's SKU stands beside the price and the image of the same number.
items AS (
  SELECT
    v.user_id, v.event_name, v.time, v.what, v.sku,
    MAX(IF(IS_NAN(v.price) OR IS_INF(v.price) OR v.price > @max_price, NULL, v.price))
      OVER (PARTITION BY v.event_id, v.item) AS price,
    MAX(v.image) OVER (PARTITION BY v.event_id, v.item) AS image
  FROM valued AS v
),

dated AS (
  SELECT
    i.user_id, i.event_name, i.time, i.sku, i.price, i.image,
    MAX(IF(i.image IS NOT NULL, i.time, NULL)) OVER (PARTITION BY i.user_id, i.sku) AS newest
  FROM items AS i
  WHERE i.what = 'sku' AND CHAR_LENGTH(i.sku) <= @max_characters
)

SELECT
  d.user_id,
  d.sku,
  MAX(d.price) AS price,
  NULLIF(MAX(IF(d.time = d.newest, d.image, NULL)), '') AS image_url,
  UNIX_MICROS(MAX(d.newest)) AS image_at,
  DIV(UNIX_MICROS(MAX(IF(d.event_name IN ('VIEWED PRODUCT', 'CART UPDATE'), NULL, d.time))), 1000000) AS bought_at
FROM dated AS d
GROUP BY d.user_id, d.sku
