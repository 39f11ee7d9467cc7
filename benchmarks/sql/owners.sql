-- purpose: what most owners of the same vehicle bought
-- reads: asked, did, fits, owns
SELECT a.asked, d.sku, count(DISTINCT d.user_id) AS score
FROM asked AS a
JOIN owns AS o ON o.vehicle_id = a.vehicle_id AND o.user_id <> a.asked
JOIN did AS d ON d.user_id = o.user_id AND d.kind = 'ORDERED'
JOIN fits AS f ON f.vehicle_id = a.vehicle_id AND f.sku = d.sku
GROUP BY ALL
