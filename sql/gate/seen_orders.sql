-- purpose: when each email last ordered each SKU, as the order lines say it
-- params: @as_of TIMESTAMP  lines dated at or after it are not known yet
--         @invisible STRING pattern of characters that nobody sees
--         @blank STRING     pattern of a run of white space
-- reads: orders
-- returns: email STRING, sku STRING, bought_at INT64
--
-- From the contract and not from `orders.sql`, for the same reason as `seen_events.sql`.
WITH lines AS (
  SELECT
    UPPER(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(o.ITEM, @invisible, ''), NFKC), @blank, ' '))) AS sku,
    LOWER(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(o.SHIP_TO_EMAIL, @invisible, ''), NFKC), @blank, ' '))) AS email,
    LOWER(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(o.ORDER_DATE, @invisible, ''), NFKC), @blank, ' '))) AS words
  FROM orders AS o
),

dated AS (
  SELECT
    l.sku,
    l.email,
    SAFE_CAST(CONCAT(
      REGEXP_EXTRACT(l.words, r'[0-9]{4}$'), '-', m.number, '-', LPAD(REGEXP_EXTRACT(l.words, r' ([0-9]{1,2}),'), 2, '0')
    ) AS DATE) AS day
  FROM lines AS l
  INNER JOIN (
    SELECT n.name, n.number
    FROM UNNEST([
      STRUCT('january' AS name, '01' AS number), STRUCT('february' AS name, '02' AS number),
      STRUCT('march' AS name, '03' AS number), STRUCT('april' AS name, '04' AS number),
      STRUCT('may' AS name, '05' AS number), STRUCT('june' AS name, '06' AS number),
      STRUCT('july' AS name, '07' AS number), STRUCT('august' AS name, '08' AS number),
      STRUCT('september' AS name, '09' AS number), STRUCT('october' AS name, '10' AS number),
      STRUCT('november' AS name, '11' AS number), STRUCT('december' AS name, '12' AS number)
    ]) AS n
  ) AS m ON m.name = REGEXP_EXTRACT(l.words, r'^(?:mon|tues|wednes|thurs|fri|satur|sun)day, ?([a-z]+) [0-9]{1,2}, ?[0-9]{4}$')
)

SELECT d.email, d.sku, MAX(UNIX_DATE(d.day)) * 86400 AS bought_at
FROM dated AS d
WHERE UNIX_DATE(d.day) * 86400000000 < UNIX_MICROS(@as_of) AND d.email <> '' AND d.sku <> ''
GROUP BY d.email, d.sku
