-- purpose: how many people who own a model bought a product; make and model are NULL for those without a vehicle
-- params: none
-- reads: ordered, owns, vehicle
-- returns: make STRING, model STRING, sku STRING, buyers INT64
SELECT v.make, v.model, b.sku, COUNT(*) AS buyers
FROM ordered AS b
LEFT JOIN owns AS o ON o.user_id = b.user_id
LEFT JOIN vehicle AS v ON v.vehicle_id = o.vehicle_id
GROUP BY v.make, v.model, b.sku
ORDER BY v.make, v.model, b.sku
