-- purpose: which product is bought before or with which other, over the first purchases of every person
-- params: @max_skus INT64 people who bought more SKUs than this (dealers) teach nothing
-- reads: ordered
-- returns: sku ANY, other_sku ANY, count INT64, weight FLOAT64, last_at INT64
--
-- Identifiers may be text or numbers; a person may have several rows of one product. Dealers are left out of every count, so that the expectation that the weight
-- compares with is that of the same people.
WITH firsts AS (
  -- `at` ascends: a subquery over it takes DuckDB longer than all the rest
  SELECT o.person, o.sku, MIN(o.at[OFFSET(0)]) AS first_at
  FROM ordered AS o
  WHERE ARRAY_LENGTH(o.at) > 0
  GROUP BY o.person, o.sku
),

bought AS (
  SELECT f.person, f.sku, f.first_at
  FROM firsts AS f
  QUALIFY COUNT(*) OVER (PARTITION BY f.person) <= @max_skus
),

buyers AS (
  SELECT b.sku, COUNT(*) AS n FROM bought AS b GROUP BY b.sku
),

everybody AS (
  SELECT COUNT(DISTINCT b.person) AS n FROM bought AS b
),

pairs AS (
  SELECT a.sku, b.sku AS other_sku, COUNT(*) AS count, MAX(b.first_at) AS last_at
  FROM bought AS a
  INNER JOIN bought AS b ON b.person = a.person
  WHERE a.sku <> b.sku AND a.first_at <= b.first_at
  GROUP BY a.sku, b.sku
)

SELECT
  p.sku,
  p.other_sku,
  p.count,
  GREATEST(0.0, LN(p.count * everybody.n / (a.n * b.n))) AS weight,
  p.last_at
FROM pairs AS p
INNER JOIN buyers AS a ON a.sku = p.sku
INNER JOIN buyers AS b ON b.sku = p.other_sku
CROSS JOIN everybody
ORDER BY p.sku, p.other_sku
