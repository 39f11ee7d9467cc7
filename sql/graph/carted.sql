-- purpose: cart updates of every user
-- params: @base FLOAT64      weight of one event of age zero
--         @decay FLOAT64     1 / half-life in seconds; 0: none
--         @reference_s INT64 epoch seconds that age counts to
-- reads: clean_events
-- returns: user_id STRING, sku STRING, count INT64, first_at INT64, last_at INT64, at ARRAY<INT64>, weight FLOAT64
WITH days AS (
  SELECT e.user_id, e.sku, ARRAY_AGG(t ORDER BY t) AS `at`, MIN(t) AS first_at, MAX(t) AS last_at
  FROM clean_events AS e
  CROSS JOIN UNNEST(e.at) AS t
  WHERE e.kind = 'CARTED'
  GROUP BY e.user_id, e.sku
)

SELECT
  d.user_id,
  d.sku,
  ARRAY_LENGTH(d.at) AS count,
  d.first_at,
  d.last_at,
  d.at,
  -- inside one sorted list: a sum over rows depends on the order of threads
  (SELECT SUM(@base * POW(2, (t - @reference_s) * @decay)) FROM UNNEST(d.at) AS t) AS weight
FROM days AS d
ORDER BY d.user_id, d.sku
