-- purpose: which names (user ids or addresses) are those of somebody who was forgotten
-- params: @inner_pad BYTES HMAC key xor 0x36
--         @outer_pad BYTES HMAC key xor 0x5c
--         @kind STRING     what kind of name, part of what is hashed
-- reads: names, tombstones
-- returns: name STRING
SELECT n.name
FROM names AS n
INNER JOIN tombstones AS t
  ON t.digest = TO_HEX(
    SHA256(CONCAT(@outer_pad, SHA256(CONCAT(@inner_pad, CAST(CONCAT(@kind, ':', n.name) AS BYTES)))))
  )
