-- purpose: what people who touched the same parts touched, too, where it fits
-- reads: asked, did, fits
SELECT a.asked, other.sku, count(DISTINCT other.user_id) AS score
FROM asked AS a
JOIN did AS own ON own.user_id = a.asked
JOIN did AS alike ON alike.sku = own.sku AND alike.user_id <> a.asked
JOIN did AS other ON other.user_id = alike.user_id
JOIN fits AS f ON f.vehicle_id = a.vehicle_id AND f.sku = other.sku
WHERE NOT EXISTS (SELECT 1 FROM did AS d WHERE d.user_id = a.asked AND d.sku = other.sku)
GROUP BY ALL
