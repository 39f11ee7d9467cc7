-- purpose: what the parts are called that a report names, and their images
-- params: none
-- reads: product, offending
-- returns: sku STRING, title STRING, image_url STRING
SELECT p.sku, p.title, p.image_url
FROM product AS p
INNER JOIN offending AS o ON o.sku = p.sku
