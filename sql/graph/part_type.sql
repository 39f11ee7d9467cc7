-- purpose: every part type that a product has
-- params: none
-- reads: product
-- returns: name STRING
SELECT DISTINCT p.part_type AS name
FROM product AS p
ORDER BY name
