-- purpose: which rows of a file are of owners that each of marketing's rules is about
-- params: none
-- reads: rules, rule_names, people
-- returns: number INT64, row INT64
SELECT r.number, p.row
FROM rules AS r
CROSS JOIN people AS p
LEFT JOIN rule_names AS v ON v.number = r.number AND v.what = 'vehicle' AND v.name = REPLACE(p.vehicle_id, '|', ' ')
LEFT JOIN rule_names AS m ON m.number = r.number AND m.what = 'make' AND m.name = p.make
WHERE (NOT r.by_vehicle OR v.name IS NOT NULL) AND (NOT r.by_make OR m.name IS NOT NULL)
