-- purpose: from a product to its part type
-- params: none
-- reads: product
-- returns: sku STRING, part_type STRING
SELECT p.sku, p.part_type
FROM product AS p
ORDER BY p.sku
