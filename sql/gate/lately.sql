-- purpose: which base SKUs each address bought lately, and when last
-- params: @bought_from_s INT64 epoch seconds; what was bought from then on is not sent again
-- reads: clean_users, seen_events, seen_orders
-- returns: email STRING, base_sku STRING, bought_at INT64
WITH purchases AS (
  SELECT o.email, o.sku, o.bought_at FROM seen_orders AS o
  UNION ALL
  SELECT u.email, e.sku, e.bought_at
  FROM seen_events AS e
  INNER JOIN clean_users AS u ON u.user_id = e.user_id
  WHERE u.email IS NOT NULL
)

SELECT p.email, REGEXP_REPLACE(p.sku, r'([0-9])[BRGP]$', r'\1') AS base_sku, MAX(p.bought_at) AS bought_at
FROM purchases AS p
WHERE p.bought_at >= @bought_from_s
GROUP BY p.email, base_sku
