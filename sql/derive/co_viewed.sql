-- purpose: which products are looked at in one session
-- params: @gap_s INT64    a pause longer than this many seconds ends a session
--         @max_skus INT64 sessions with more SKUs than this (crawlers) teach nothing
-- reads: viewed
-- returns: sku ANY, other_sku ANY, count INT64, weight FLOAT64
WITH views AS (
  SELECT v.user_id, v.sku, t AS `at`
  FROM viewed AS v
  CROSS JOIN UNNEST(v.at) AS t
),

starts AS (
  SELECT
    v.user_id, v.sku, v.at,
    IF(v.at - LAG(v.at) OVER (PARTITION BY v.user_id ORDER BY v.at) <= @gap_s, 0, 1) AS starts
  FROM views AS v
),

numbered AS (
  SELECT
    s.user_id, s.sku,
    -- RANGE: views of the same second belong together in whatever order they come
    SUM(s.starts) OVER (PARTITION BY s.user_id ORDER BY s.at RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS session
  FROM starts AS s
),

seen AS (
  SELECT n.user_id, n.session, n.sku
  FROM (SELECT DISTINCT d.user_id, d.session, d.sku FROM numbered AS d) AS n
  QUALIFY COUNT(*) OVER (PARTITION BY n.user_id, n.session) <= @max_skus
),

viewers AS (
  SELECT s.sku, COUNT(*) AS n FROM seen AS s GROUP BY s.sku
),

sessions AS (
  SELECT COUNT(*) AS n FROM (SELECT DISTINCT s.user_id, s.session FROM seen AS s) AS d
),

pairs AS (
  SELECT a.sku, b.sku AS other_sku, COUNT(*) AS count
  FROM seen AS a
  INNER JOIN seen AS b ON b.user_id = a.user_id AND b.session = a.session
  WHERE a.sku < b.sku
  GROUP BY a.sku, b.sku
)

SELECT
  p.sku,
  p.other_sku,
  p.count,
  GREATEST(0.0, LN(p.count * sessions.n / (a.n * b.n))) AS weight
FROM pairs AS p
INNER JOIN viewers AS a ON a.sku = p.sku
INNER JOIN viewers AS b ON b.sku = p.other_sku
CROSS JOIN sessions
ORDER BY p.sku, p.other_sku
