-- purpose: what most buyers of a part bought later or with it, then what most people bought; where there are vehicles,
-- both fit one
-- reads: asked, did, fits
WITH sold AS (SELECT sku, count(DISTINCT user_id) AS people FROM did WHERE kind = 'ORDERED' GROUP BY sku),
pair AS (
  SELECT a.asked, d.sku, count(DISTINCT d.user_id) AS people
  FROM asked AS a
  JOIN did AS f ON f.sku = a.asked AND f.kind = 'ORDERED'
  JOIN did AS d ON d.user_id = f.user_id AND d.kind = 'ORDERED' AND d.at >= f.at AND d.sku <> f.sku
  GROUP BY ALL
),
best AS (SELECT sku FROM sold ORDER BY people DESC, sku LIMIT 20),
beside AS (
  SELECT a.asked, g.sku
  FROM asked AS a JOIN fits AS f ON f.sku = a.asked JOIN fits AS g ON g.vehicle_id = f.vehicle_id AND g.sku <> f.sku
  UNION
  -- without vehicles all parts are beside each other, and the best sold ones are enough
  SELECT asked, sku FROM pair WHERE NOT EXISTS (FROM fits)
  UNION
  SELECT a.asked, b.sku FROM asked AS a CROSS JOIN best AS b WHERE a.asked <> b.sku AND NOT EXISTS (FROM fits)
)
SELECT b.asked, b.sku, coalesce(pair.people, 0) + coalesce(sold.people, 0) / 1e6 AS score
FROM beside AS b
LEFT JOIN pair ON pair.asked = b.asked AND pair.sku = b.sku
LEFT JOIN sold ON sold.sku = b.sku
