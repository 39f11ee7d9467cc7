-- purpose: what events say of parts, but with a hash for a user id that may be an address
-- params: @mention STRING  pattern of whatever may be an address
--         @inner_pad BYTES HMAC key xor 0x36
--         @outer_pad BYTES HMAC key xor 0x5c
-- reads: told_events
-- returns: user_id STRING, sku STRING, price FLOAT64, image_url STRING, image_at INT64, bought_at INT64
SELECT
  IF(
    REGEXP_CONTAINS(t.user_id, @mention),
    CONCAT('hashed:', TO_HEX(SHA256(CONCAT(@outer_pad, SHA256(CONCAT(@inner_pad, CAST(t.user_id AS BYTES))))))),
    t.user_id
  ) AS user_id,
  t.sku, t.price, t.image_url, t.image_at, t.bought_at
FROM told_events AS t
