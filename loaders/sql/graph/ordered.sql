-- purpose: purchases of every user: order lines under the user's address, and the user's own order events
-- params: @base FLOAT64      weight of one event of age zero
--         @decay FLOAT64     1 / half-life in seconds; 0: none
--         @reference_s INT64 epoch seconds that age counts to
-- reads: clean_events, clean_orders, members
-- returns: user_id STRING, sku STRING, count INT64, first_at INT64, last_at INT64, at ARRAY<INT64>, weight FLOAT64
WITH purchases AS (
  SELECT m.user_id, o.sku, o.at, o.last_at
  FROM clean_orders AS o
  INNER JOIN members AS m ON m.email = o.email
  UNION ALL
  SELECT e.user_id, e.sku, e.at, NULL AS last_at
  FROM clean_events AS e
  WHERE e.kind = 'ORDERED'
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
