-- purpose: what is kept of rejected rows: addresses leave as hashes only
-- params: @inner_pad BYTES HMAC key xor 0x36
--         @outer_pad BYTES HMAC key xor 0x5c
-- reads: rejected
-- returns: reason STRING, value STRING, source_row STRING, email_hash STRING
SELECT
  r.reason,
  r.value,
  r.source_row,
  IF(
    r.email IS NULL, NULL,
    TO_HEX(SHA256(CONCAT(@outer_pad, SHA256(CONCAT(@inner_pad, CAST(r.email AS BYTES))))))
  ) AS email_hash
FROM rejected AS r
ORDER BY r.reason, r.value, r.source_row
