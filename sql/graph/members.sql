-- purpose: who stands behind an address: every user with it, or a buyer of its own when no user has it
-- params: @inner_pad BYTES HMAC key xor 0x36
--         @outer_pad BYTES HMAC key xor 0x5c
-- reads: clean_users, clean_orders
-- returns: email STRING, user_id STRING, email_hash STRING
WITH addresses AS (
  SELECT u.email FROM clean_users AS u WHERE u.email IS NOT NULL
  UNION DISTINCT
  SELECT o.email FROM clean_orders AS o
),

hashed AS (
  SELECT
    a.email,
    TO_HEX(SHA256(CONCAT(@outer_pad, SHA256(CONCAT(@inner_pad, CAST(a.email AS BYTES)))))) AS email_hash
  FROM addresses AS a
)

SELECT h.email, COALESCE(u.user_id, CONCAT('buyer:', h.email_hash)) AS user_id, h.email_hash
FROM hashed AS h
LEFT JOIN clean_users AS u ON u.email = h.email
