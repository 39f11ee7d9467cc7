-- purpose: product page views of every user
-- params: @base FLOAT64  weight of one event of age zero
--         @decay FLOAT64 1 / half-life in seconds; 0: none
--         @as_of_s INT64 epoch seconds that age counts to
-- reads: clean_events
-- returns: user_id STRING, sku STRING, count INT64, first_at INT64, last_at INT64, at ARRAY<INT64>, weight FLOAT64
WITH counted AS (
  SELECT
    e.user_id, e.sku, e.count, e.at,
    (
      SELECT AS STRUCT
        MIN(t) AS first_at,
        MAX(t) AS last_at,
        SUM(@base * POW(2, (t - @as_of_s) * @decay)) AS weight
      FROM UNNEST(e.at) AS t
    ) AS told
  FROM clean_events AS e
  WHERE e.kind = 'VIEWED'
)

SELECT c.user_id, c.sku, c.count, c.told.first_at, c.told.last_at, c.at, c.told.weight
FROM counted AS c
ORDER BY c.user_id, c.sku
