-- purpose: what most people bought of what fits
-- reads: asked, did, fits
SELECT a.asked, f.sku, sold.people AS score
FROM asked AS a
JOIN fits AS f ON f.vehicle_id = a.vehicle_id
JOIN (SELECT sku, count(DISTINCT user_id) AS people FROM did WHERE kind = 'ORDERED' GROUP BY sku) AS sold ON sold.sku = f.sku
