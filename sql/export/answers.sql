-- purpose: what becomes of every owner, and the parts of those who stand for their address and vehicle
-- params: @min_parts INT64    parts that a row needs
--         @min_products INT64 eligible products that a vehicle needs
-- reads: owners, askers, ranked, fits, product
-- returns: person INT64, row INT64, outcome STRING, slot INT64, sku STRING, score FLOAT64, tier STRING, rule INT64
--
-- `outcome` is `row`, `too_few` or `other_id`; only a `row` has parts. Of several ids of one address the one with more
-- parts answers, then the higher total, the higher first score, the smaller id. Totals are rounded, because a sum
-- depends on the order of its rows.
WITH choice AS (
  SELECT f.vehicle_id
  FROM fits AS f
  INNER JOIN product AS p ON p.sku = f.sku
  WHERE p.eligible
  GROUP BY f.vehicle_id
  HAVING COUNT(*) >= @min_products
),

totals AS (
  SELECT
    r.asker, COUNT(*) AS parts, ROUND(SUM(r.score), 9) AS total, MAX(IF(r.slot = 1, r.score, NULL)) AS top
  FROM ranked AS r
  GROUP BY r.asker
),

judged AS (
  SELECT
    o.person, o.row, a.asker, t.parts, t.total, t.top,
    c.vehicle_id IS NOT NULL AND COALESCE(t.parts, 0) >= @min_parts AS enough
  FROM owners AS o
  INNER JOIN askers AS a ON a.row = o.row
  LEFT JOIN choice AS c ON c.vehicle_id = o.vehicle_id
  LEFT JOIN totals AS t ON t.asker = a.asker
),

decided AS (
  SELECT
    j.person, j.row, j.asker,
    CASE
      WHEN NOT j.enough THEN 'too_few'
      WHEN ROW_NUMBER() OVER (
        PARTITION BY j.person ORDER BY j.enough DESC, j.parts DESC, j.total DESC, j.top DESC, j.row
      ) = 1 THEN 'row'
      ELSE 'other_id'
    END AS outcome
  FROM judged AS j
)

SELECT d.person, d.row, d.outcome, r.slot, r.sku, r.score, r.tier, r.rule
FROM decided AS d
LEFT JOIN ranked AS r ON d.outcome = 'row' AND r.asker = d.asker
