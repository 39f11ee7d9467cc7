-- purpose: parts of which the address bought a colour lately
-- params: @bought_from_s INT64 epoch seconds; what was bought from then on is not sent again
-- reads: slots, clean_users, seen_events, seen_orders
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH purchases AS (
  SELECT o.email, o.sku, o.bought_at FROM seen_orders AS o
  UNION ALL
  SELECT u.email, e.sku, e.bought_at
  FROM seen_events AS e
  INNER JOIN clean_users AS u ON u.user_id = e.user_id
  WHERE u.email IS NOT NULL
),

latest AS (
  SELECT p.email, REGEXP_REPLACE(p.sku, r'([0-9])[BRGP]$', r'\1') AS base_sku, MAX(p.bought_at) AS bought_at
  FROM purchases AS p
  WHERE p.bought_at >= @bought_from_s
  GROUP BY p.email, base_sku
)

SELECT s.row, s.vehicle_id, s.sku, CONCAT('bought on ', CAST(DATE(TIMESTAMP_SECONDS(l.bought_at)) AS STRING)) AS found
FROM slots AS s
INNER JOIN latest AS l ON l.email = s.email AND l.base_sku = REGEXP_REPLACE(s.sku, r'([0-9])[BRGP]$', r'\1')
