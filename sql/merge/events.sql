-- purpose: days that an earlier sync took and days that this one read, told apart by today's catalogue
-- params: @since_day INT64 days since 1970 before which the earlier sync's rows are kept
--         @mention STRING  pattern of whatever may be an address: as a user id it is hashed, here as in merge/users
--         @inner_pad BYTES HMAC key xor 0x36
--         @outer_pad BYTES HMAC key xor 0x5c
-- reads: kept_events, read_events, clean_fitment, clean_items
-- returns: user_id STRING, kind STRING, sku STRING, day INT64, at ARRAY<INT64>, count INT64, price FLOAT64,
--          image_url STRING, image_at INT64, listed BOOL
WITH catalogue AS (
  SELECT f.sku FROM clean_fitment AS f WHERE f.sku IS NOT NULL
  UNION DISTINCT
  SELECT i.sku FROM clean_items AS i
),

days AS (
  SELECT k.user_id, k.kind, k.sku, k.day, k.at, k.count, k.price, k.image_url, k.image_at
  FROM kept_events AS k
  WHERE k.day < @since_day
  UNION ALL
  SELECT
    IF(
      REGEXP_CONTAINS(r.user_id, @mention),
      CONCAT('hashed:', TO_HEX(SHA256(CONCAT(@outer_pad, SHA256(CONCAT(@inner_pad, CAST(r.user_id AS BYTES))))))),
      r.user_id
    ) AS user_id,
    r.kind, r.sku, r.day, r.at, r.count, r.price, r.image_url, r.image_at
  FROM read_events AS r
)

SELECT
  d.user_id, d.kind, d.sku, d.day, d.at, d.count, d.price, d.image_url, d.image_at, c.sku IS NOT NULL AS listed
FROM days AS d
LEFT JOIN catalogue AS c ON c.sku = d.sku
