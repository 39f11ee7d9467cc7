-- purpose: purchases of every user: order lines under the user's address, and the user's own order events
-- params: @base FLOAT64      weight of one event of age zero
--         @decay FLOAT64     1 / half-life in seconds; 0: none
--         @reference_s INT64 epoch seconds that age counts to
--         @time_zone STRING  of the shop
-- reads: clean_orders, clean_events, members
-- returns: user_id STRING, sku STRING, count INT64, first_at INT64, last_at INT64, at ARRAY<INT64>, weight FLOAT64
--
-- What a line that counts and an event, or two events, say of one base SKU on one calendar day of the shop is one purchase:
-- the lines count, else the first event. A line knows its calendar day alone: it is the shop's.
WITH lines AS (
  SELECT m.user_id, o.sku, REGEXP_REPLACE(o.sku, r'([0-9])[BRGP]$', r'\1') AS base_sku, o.at, o.last_at
  FROM clean_orders AS o
  INNER JOIN members AS m ON m.email = o.email
),

line_days AS (
  SELECT DISTINCT l.user_id, l.base_sku, DIV(t, 86400) AS day
  FROM lines AS l
  CROSS JOIN UNNEST(l.at) AS t
),

order_events AS (
  SELECT
    e.user_id, e.sku, REGEXP_REPLACE(e.sku, r'([0-9])[BRGP]$', r'\1') AS base_sku, t,
    UNIX_DATE(DATE(TIMESTAMP_SECONDS(t), @time_zone)) AS day
  FROM clean_events AS e
  CROSS JOIN UNNEST(e.at) AS t
  WHERE e.kind = 'ORDERED'
),

events_alone AS (
  SELECT e.user_id, e.sku, e.t
  FROM order_events AS e
  LEFT JOIN line_days AS l ON l.user_id = e.user_id AND l.base_sku = e.base_sku AND l.day = e.day
  WHERE l.day IS NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY e.user_id, e.base_sku, e.day ORDER BY e.t, e.sku) = 1
),

purchases AS (
  SELECT l.user_id, l.sku, l.at, l.last_at FROM lines AS l
  UNION ALL
  SELECT e.user_id, e.sku, [e.t] AS `at`, NULL AS last_at FROM events_alone AS e
),

-- A line past the boundary has no counted time, yet its relationship exists.
merged AS (
  SELECT
    p.user_id,
    p.sku,
    COALESCE(ARRAY_AGG(t IGNORE NULLS ORDER BY t), ARRAY<INT64>[]) AS `at`,
    MIN(t) AS first_at,
    MAX(GREATEST(COALESCE(t, p.last_at), COALESCE(p.last_at, t))) AS last_at
  FROM purchases AS p
  LEFT JOIN UNNEST(p.at) AS t
  GROUP BY p.user_id, p.sku
)

SELECT
  m.user_id,
  m.sku,
  ARRAY_LENGTH(m.at) AS count,
  m.first_at,
  m.last_at,
  m.at,
  COALESCE((SELECT SUM(@base * POW(2, (t - @reference_s) * @decay)) FROM UNNEST(m.at) AS t), 0.0) AS weight
FROM merged AS m
ORDER BY m.user_id, m.sku
