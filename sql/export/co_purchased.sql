-- purpose: which product leads on to which, of several people and oftener than by chance
-- params: @least INT64 people that make a fact worth telling
-- reads: co_purchased
-- returns: sku STRING, other_sku STRING, count INT64, weight FLOAT64
SELECT c.sku, c.other_sku, c.count, c.weight
FROM co_purchased AS c
WHERE c.count >= @least AND c.weight > 0
ORDER BY c.sku, c.other_sku
