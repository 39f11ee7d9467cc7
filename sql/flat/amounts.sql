-- purpose: every text of the lists that says a price, read once
-- params: none
-- reads: list_products, list_orders
-- returns: text STRING, price FLOAT64
--
-- The rule of events.sql: a currency before or behind, and 1,299.00 as well as 1.299,00.
WITH texts AS (
  SELECT p.price AS text FROM list_products AS p
  UNION DISTINCT
  SELECT o.price FROM list_orders AS o
),

bare AS (
  SELECT
    t.text,
    REGEXP_REPLACE(
      TRIM(REPLACE(t.text, '\u00a0', ' ')),
      r'(?i)^(?:(?:usd|cad|eur|gbp|aud|mxn) ?)?(?:(?:us|ca|c|au|a|mx)?\p{Sc} ?)?| ?\p{Sc}?(?: ?(?:usd|cad|eur|gbp|aud|mxn))?$', ''
    ) AS amount
  FROM texts AS t
  WHERE t.text IS NOT NULL
)

SELECT
  b.text,
  SAFE_CAST(
    CASE
      WHEN REGEXP_CONTAINS(b.amount, r'^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$') THEN b.amount
      WHEN REGEXP_CONTAINS(b.amount, r"^[0-9]{1,3}([, '][0-9]{3})+(\.[0-9]+)?$") THEN REGEXP_REPLACE(b.amount, r"[, ']", '')
      WHEN REGEXP_CONTAINS(b.amount, r"^([0-9]+|[0-9]{1,3}([. '][0-9]{3})+),[0-9]{1,2}$")
        THEN REPLACE(REGEXP_REPLACE(b.amount, r"[. ']", ''), ',', '.')
      WHEN REGEXP_CONTAINS(b.amount, r'^[0-9]{1,3}(\.[0-9]{3}){2,}$') THEN REPLACE(b.amount, '.', '')
    END AS FLOAT64
  ) AS price
FROM bare AS b
