-- purpose: which parts meet what each of marketing's rules says about parts
-- params: none
-- reads: rules, rule_names, product
-- returns: number INT64, sku STRING
SELECT r.number, p.sku
FROM rules AS r
CROSS JOIN product AS p
LEFT JOIN rule_names AS s ON s.number = r.number AND s.what = 'sku' AND s.name = p.sku
LEFT JOIN rule_names AS b ON b.number = r.number AND b.what = 'brand' AND b.name = LOWER(p.brand)
LEFT JOIN rule_names AS t ON t.number = r.number AND t.what = 'part_type' AND t.name = LOWER(p.part_type)
WHERE
  (NOT r.by_sku OR s.name IS NOT NULL)
  AND (NOT r.by_brand OR b.name IS NOT NULL)
  AND (NOT r.by_part_type OR t.name IS NOT NULL)
  AND (r.price_from IS NULL OR COALESCE(p.price >= r.price_from, FALSE))
  AND (r.price_below IS NULL OR COALESCE(p.price < r.price_below, FALSE))
