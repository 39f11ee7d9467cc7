-- purpose: users as they were read, but with a hash for an id that may be an address
-- params: @mention STRING  pattern of whatever may be an address
--         @inner_pad BYTES HMAC key xor 0x36
--         @outer_pad BYTES HMAC key xor 0x5c
-- reads: read_users
-- returns: user_id STRING, email STRING, year INT64, make STRING, model STRING, since INT64
SELECT
  IF(
    REGEXP_CONTAINS(u.user_id, @mention),
    CONCAT('hashed:', TO_HEX(SHA256(CONCAT(@outer_pad, SHA256(CONCAT(@inner_pad, CAST(u.user_id AS BYTES))))))),
    u.user_id
  ) AS user_id,
  u.email, u.year, u.make, u.model, u.since
FROM read_users AS u
