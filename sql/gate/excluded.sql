-- purpose: parts that marketing's rules exclude, those out of stock among them
-- params: none
-- reads: slots, rules, rule_parts, rule_rows
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
SELECT s.row, s.vehicle_id, s.sku, CONCAT('excluded by the rule ', r.name) AS found
FROM slots AS s
INNER JOIN rule_parts AS p ON p.sku = s.sku
INNER JOIN rules AS r ON r.number = p.number
INNER JOIN rule_rows AS o ON o.number = r.number AND o.row = s.row
WHERE r.do = 'exclude'
