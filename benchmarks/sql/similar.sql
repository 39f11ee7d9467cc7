-- purpose: what most people viewed on the same day, then what most people viewed; where there are vehicles, of the same
-- part type and a vehicle that both fit
-- reads: asked, did, fits, product
WITH seen AS (SELECT sku, count(DISTINCT user_id) AS people FROM did WHERE kind = 'VIEWED' GROUP BY sku),
pair AS (
  SELECT a.asked, d.sku, count(DISTINCT d.user_id) AS people
  FROM asked AS a
  JOIN did AS f ON f.sku = a.asked AND f.kind = 'VIEWED'
  JOIN did AS d ON d.user_id = f.user_id AND d.kind = 'VIEWED' AND d.at // 86400 = f.at // 86400 AND d.sku <> f.sku
  GROUP BY ALL
),
best AS (SELECT sku FROM seen ORDER BY people DESC, sku LIMIT 20),
beside AS (
  SELECT a.asked, g.sku
  FROM asked AS a
  JOIN fits AS f ON f.sku = a.asked
  JOIN fits AS g ON g.vehicle_id = f.vehicle_id AND g.sku <> f.sku
  JOIN product AS p ON p.sku = f.sku
  JOIN product AS q ON q.sku = g.sku AND q.part_type = p.part_type
  UNION
  -- without vehicles all parts are beside each other, and the most viewed ones are enough
  SELECT asked, sku FROM pair WHERE NOT EXISTS (FROM fits)
  UNION
  SELECT a.asked, b.sku FROM asked AS a CROSS JOIN best AS b WHERE a.asked <> b.sku AND NOT EXISTS (FROM fits)
)
SELECT b.asked, b.sku, coalesce(pair.people, 0) + coalesce(seen.people, 0) / 1e6 AS score
FROM beside AS b
LEFT JOIN pair ON pair.asked = b.asked AND pair.sku = b.sku
LEFT JOIN seen ON seen.sku = b.sku
