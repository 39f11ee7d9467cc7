-- purpose: orders of other people, of other parts
-- params: $copies INT64
-- reads: raw
SELECT
  r.* REPLACE (
    IF(c.n = 0, r."ITEM", 'Z' || c.n || trim(r."ITEM")) AS "ITEM",
    IF(c.n = 0, r."SHIP_TO_EMAIL", c.n || '.' || nullif(trim(r."SHIP_TO_EMAIL"), '')) AS "SHIP_TO_EMAIL",
    IF(c.n = 0, r."ORDER_NUMBER", c.n || '-' || trim(r."ORDER_NUMBER")) AS "ORDER_NUMBER"
  )
FROM raw AS r, range($copies) AS c (n)
