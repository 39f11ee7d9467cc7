-- purpose: rows that lack a part which one of marketing's rules pins or keeps, though there is one that may be sent
-- params: @per_part_type INT64 parts of one type in a row
-- reads: people, slots, rules, rule_parts, rule_rows, clean_fitment, product, lately
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH sent AS (
  SELECT p.number, s.row, COUNT(*) AS parts
  FROM slots AS s
  INNER JOIN rule_parts AS p ON p.sku = s.sku
  GROUP BY p.number, s.row
),

fewer AS (
  SELECT r.number, r.name, r.slots, o.row, COALESCE(s.parts, 0) AS parts
  FROM rules AS r
  INNER JOIN rule_rows AS o ON o.number = r.number
  LEFT JOIN sent AS s ON s.number = r.number AND s.row = o.row
  WHERE COALESCE(s.parts, 0) < r.slots
),

excluded AS (
  SELECT o.row, p.sku
  FROM rules AS r
  INNER JOIN rule_parts AS p ON p.number = r.number
  INNER JOIN rule_rows AS o ON o.number = r.number
  INNER JOIN (SELECT DISTINCT f.row FROM fewer AS f) AS w ON w.row = o.row
  WHERE r.do = 'exclude'
),

-- what could stand there, of each type no more than a row may have
choice AS (
  SELECT f.number, f.row, d.part_type, LEAST(COUNT(DISTINCT d.display_key), @per_part_type) AS parts
  FROM fewer AS f
  INNER JOIN people AS w ON w.row = f.row
  INNER JOIN clean_fitment AS c ON c.year = w.year AND c.make = w.make AND c.model = w.model
  INNER JOIN rule_parts AS p ON p.number = f.number AND p.sku = c.sku
  INNER JOIN product AS d ON d.sku = c.sku AND d.eligible
  LEFT JOIN lately AS l ON l.email = w.email AND l.base_sku = d.base_sku
  LEFT JOIN excluded AS x ON x.row = f.row AND x.sku = d.sku
  WHERE l.email IS NULL AND x.sku IS NULL
  GROUP BY f.number, f.row, d.part_type
),

possible AS (
  SELECT c.number, c.row, SUM(c.parts) AS parts FROM choice AS c GROUP BY c.number, c.row
)

SELECT f.row, w.vehicle_id, CAST(NULL AS STRING) AS sku,
  CONCAT(CAST(f.parts AS STRING), ' of ', CAST(CAST(LEAST(f.slots, p.parts) AS INT64) AS STRING), ' parts of the rule ', f.name) AS found
FROM fewer AS f
INNER JOIN possible AS p ON p.number = f.number AND p.row = f.row
INNER JOIN people AS w ON w.row = f.row
WHERE f.parts < LEAST(f.slots, p.parts)
