-- purpose: product page views of every user
-- params: @base FLOAT64  weight of one event of age zero
--         @decay FLOAT64 1 / half-life in seconds; 0: none
--         @as_of_s INT64 epoch seconds that age counts to
-- reads: clean_events
-- returns: user_id STRING, sku STRING, count INT64, first_at INT64, last_at INT64, at ARRAY<INT64>, weight FLOAT64
SELECT
  e.user_id,
  e.sku,
  COUNT(*) AS count,
  MIN(t) AS first_at,
  MAX(t) AS last_at,
  ARRAY_AGG(t ORDER BY t) AS `at`,
  SUM(@base * POW(2, (t - @as_of_s) * @decay)) AS weight
FROM clean_events AS e
CROSS JOIN UNNEST(e.at) AS t
WHERE e.kind = 'VIEWED'
GROUP BY e.user_id, e.sku
ORDER BY e.user_id, e.sku
