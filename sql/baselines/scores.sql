-- purpose: what baseline v5.18 scores every eligible product that fits a vehicle, by orders known before a time
-- params: @as_of_s INT64           epoch seconds; orders at or after it are not known yet
--         @orders_from_s INT64     epoch seconds; orders before it are too old to count
--         @min_pair INT64        orders that a product needs to count in a segment or make
--         @min_segment INT64     kept orders that a segment needs to speak for itself
--         @min_make INT64        kept orders that a make needs to speak for itself
--         @min_products INT64    eligible products that a vehicle needs to count at all
--         @segment_weight FLOAT64  score per ln(1 + orders) of the segment
--         @make_weight FLOAT64     the same of the make
--         @global_weight FLOAT64   the same of everybody
-- reads: clean_users, clean_fitment, clean_events, clean_orders, product
-- returns: vehicle_id STRING, sku STRING, score FLOAT64, tier STRING, orders INT64
WITH owners AS (
  SELECT u.user_id, u.email, u.make, u.model
  FROM clean_users AS u
  WHERE u.email IS NOT NULL AND u.year IS NOT NULL AND u.make IS NOT NULL AND u.model IS NOT NULL
),

order_lines AS (
  SELECT o.email, p.base_sku, COUNT(*) AS n
  FROM clean_orders AS o
  CROSS JOIN UNNEST(o.at) AS t
  INNER JOIN product AS p ON p.sku = o.sku
  WHERE t >= @orders_from_s AND t < @as_of_s
  GROUP BY o.email, p.base_sku
),

order_events AS (
  SELECT e.user_id, e.sku, p.base_sku, COUNT(*) AS n
  FROM clean_events AS e
  CROSS JOIN UNNEST(e.at) AS t
  INNER JOIN product AS p ON p.sku = e.sku
  WHERE e.kind = 'ORDERED' AND t >= @orders_from_s AND t < @as_of_s
  GROUP BY e.user_id, e.sku, p.base_sku
),

-- A line counts once for each user of its address: that is how the published rules join.
owners_orders AS (
  SELECT w.make, w.model, l.base_sku AS sku, l.n
  FROM order_lines AS l
  INNER JOIN owners AS w ON w.email = l.email
  UNION ALL
  SELECT w.make, w.model, e.base_sku, e.n
  FROM order_events AS e
  INNER JOIN owners AS w ON w.user_id = e.user_id
),

segment_counts AS (
  SELECT o.make, o.model, o.sku, CAST(SUM(o.n) AS INT64) AS n
  FROM owners_orders AS o
  GROUP BY o.make, o.model, o.sku
  HAVING SUM(o.n) >= @min_pair
),

segment_totals AS (
  SELECT s.make, s.model, SUM(s.n) AS n FROM segment_counts AS s GROUP BY s.make, s.model
),

make_counts AS (
  SELECT s.make, s.sku, CAST(SUM(s.n) AS INT64) AS n
  FROM segment_counts AS s
  GROUP BY s.make, s.sku
  HAVING SUM(s.n) >= @min_pair
),

make_totals AS (
  SELECT m.make, SUM(m.n) AS n FROM make_counts AS m GROUP BY m.make
),

-- Here an order event stands under its SKU as written, an order line under its base SKU.
overall_counts AS (
  SELECT b.sku, CAST(SUM(b.n) AS INT64) AS n
  FROM (
    SELECT l.base_sku AS sku, l.n FROM order_lines AS l WHERE l.email IN (SELECT w.email FROM owners AS w)
    UNION ALL
    SELECT e.sku, e.n FROM order_events AS e WHERE e.user_id IN (SELECT w.user_id FROM owners AS w)
  ) AS b
  GROUP BY b.sku
),

candidates AS (
  SELECT f.year, f.make, f.model, f.sku
  FROM clean_fitment AS f
  INNER JOIN product AS p ON p.sku = f.sku
  WHERE p.eligible
  QUALIFY COUNT(*) OVER (PARTITION BY f.year, f.make, f.model) >= @min_products
),

-- A candidate is looked up under its own SKU: a colour variant finds nothing under its base.
counted AS (
  SELECT
    c.year, c.make, c.model, c.sku,
    s.n AS segment_n, m.n AS make_n, g.n AS global_n,
    CASE
      WHEN s.n IS NOT NULL AND st.n >= @min_segment THEN 'segment'
      WHEN m.n IS NOT NULL AND mt.n >= @min_make THEN 'make'
      WHEN g.n IS NOT NULL THEN 'global'
      ELSE 'none'
    END AS tier
  FROM candidates AS c
  LEFT JOIN segment_counts AS s ON s.make = c.make AND s.model = c.model AND s.sku = c.sku
  LEFT JOIN segment_totals AS st ON st.make = c.make AND st.model = c.model
  LEFT JOIN make_counts AS m ON m.make = c.make AND m.sku = c.sku
  LEFT JOIN make_totals AS mt ON mt.make = c.make
  LEFT JOIN overall_counts AS g ON g.sku = c.sku
  WHERE s.n IS NOT NULL OR m.n IS NOT NULL OR g.n IS NOT NULL
)

SELECT
  CONCAT(CAST(k.year AS STRING), '|', k.make, '|', k.model) AS vehicle_id,
  k.sku,
  CASE k.tier
    WHEN 'segment' THEN ROUND(@segment_weight * LN(1 + k.segment_n), 2)
    WHEN 'make' THEN ROUND(@make_weight * LN(1 + k.make_n), 2)
    WHEN 'global' THEN ROUND(@global_weight * LN(1 + k.global_n), 2)
    ELSE 0.0
  END AS score,
  k.tier,
  CASE k.tier
    WHEN 'segment' THEN k.segment_n
    WHEN 'make' THEN k.make_n
    WHEN 'global' THEN k.global_n
    ELSE 0
  END AS orders
FROM counted AS k
ORDER BY vehicle_id, k.sku
