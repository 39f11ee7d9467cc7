-- purpose: what most owners of the same model of any year bought, where it fits
-- reads: asked, did, fits, owns, vehicle
SELECT a.asked, d.sku, count(DISTINCT d.user_id) AS score
FROM asked AS a
JOIN vehicle AS mine ON mine.vehicle_id = a.vehicle_id
JOIN vehicle AS other ON other.make = mine.make AND other.model = mine.model
JOIN owns AS o ON o.vehicle_id = other.vehicle_id AND o.user_id <> a.asked
JOIN did AS d ON d.user_id = o.user_id AND d.kind = 'ORDERED'
JOIN fits AS f ON f.vehicle_id = a.vehicle_id AND f.sku = d.sku
GROUP BY ALL
