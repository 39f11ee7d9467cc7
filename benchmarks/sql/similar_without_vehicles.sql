-- purpose: what most people viewed on the same day, then what most people viewed
-- reads: asked, did
WITH seen AS (SELECT sku, count(DISTINCT user_id) AS people FROM did WHERE kind = 'VIEWED' GROUP BY sku),
pair AS (
  SELECT a.asked, d.sku, count(DISTINCT d.user_id) AS people
  FROM asked AS a
  JOIN did AS f ON f.sku = a.asked AND f.kind = 'VIEWED'
  JOIN did AS d ON d.user_id = f.user_id AND d.kind = 'VIEWED' AND d.at // 86400 = f.at // 86400 AND d.sku <> f.sku
  GROUP BY ALL
),
best AS (SELECT sku FROM seen ORDER BY people DESC, sku LIMIT 20),
beside AS (SELECT asked, sku FROM pair UNION SELECT a.asked, best.sku FROM asked AS a CROSS JOIN best)
SELECT b.asked, b.sku, coalesce(pair.people, 0) + coalesce(seen.people, 0) / 1e6 AS score
FROM beside AS b
LEFT JOIN pair ON pair.asked = b.asked AND pair.sku = b.sku
LEFT JOIN seen ON seen.sku = b.sku
WHERE b.asked <> b.sku
