-- purpose: the parts of each asker's answer, under the rules of an answer and those of marketing
-- params: @slots INT64         parts of an answer
--         @per_part_type INT64 of one part type
-- reads: scored, owners, product, purchases, rules, rule_parts, rule_vehicles
-- returns: asker INT64, slot INT64, sku STRING, score FLOAT64, tier STRING, rule INT64
--
-- A part without a score stands in an answer only where a rule holds it. `rule` is the first that speaks about the
-- part, -1 for none. What was bought lately is out in any colour.
WITH said AS (
  SELECT s.asker, s.sku, r.rule, r.does, r.adds, r.slots
  FROM scored AS s
  INNER JOIN owners AS o ON o.row = s.asker
  INNER JOIN rule_parts AS p ON p.sku = s.sku
  INNER JOIN rule_vehicles AS v ON v.rule = p.rule AND v.vehicle_id = o.vehicle_id
  INNER JOIN rules AS r ON r.rule = p.rule
),

marks AS (
  SELECT
    s.asker, s.sku, SUM(s.adds) AS adds,
    LOGICAL_OR(s.does = 'bury') AS buried, LOGICAL_OR(s.does = 'exclude') AS excluded
  FROM said AS s
  GROUP BY s.asker, s.sku
),

lately AS (
  SELECT DISTINCT p.person, p.base_sku FROM purchases AS p WHERE p.lately
),

-- `place`: in which order the parts stand before one of a family and few of a type are taken
placed AS (
  SELECT
    s.asker, s.sku, s.score, s.tier, p.display_key, p.part_type,
    ROW_NUMBER() OVER (
      PARTITION BY s.asker
      ORDER BY
        COALESCE(m.buried, FALSE), s.score IS NULL, s.score + IF(s.known, COALESCE(m.adds, 0), 0) DESC, s.sku
    ) AS place
  FROM scored AS s
  INNER JOIN owners AS o ON o.row = s.asker
  INNER JOIN product AS p ON p.sku = s.sku
  LEFT JOIN marks AS m ON m.asker = s.asker AND m.sku = s.sku
  LEFT JOIN lately AS b ON b.person = o.person AND b.base_sku = p.base_sku
  WHERE b.person IS NULL AND NOT COALESCE(m.excluded, FALSE)
),

-- what pins and keeps ask for: the best parts of each rule, one of a family
best_of_rules AS (
  SELECT p.asker, p.sku, p.place, s.rule, s.does, s.slots
  FROM placed AS p
  INNER JOIN said AS s ON s.asker = p.asker AND s.sku = p.sku
  WHERE s.slots > 0
  QUALIFY ROW_NUMBER() OVER (PARTITION BY p.asker, s.rule, p.display_key ORDER BY p.place) = 1
),

held AS (
  SELECT b.asker, b.sku, b.rule, b.does
  FROM best_of_rules AS b
  QUALIFY ROW_NUMBER() OVER (PARTITION BY b.asker, b.rule ORDER BY b.place) <= b.slots
),

held_parts AS (
  SELECT h.asker, h.sku, LOGICAL_OR(h.does = 'pin') AS pinned FROM held AS h GROUP BY h.asker, h.sku
),

speaking AS (
  SELECT s.asker, s.sku, s.rule FROM said AS s WHERE s.slots = 0
  UNION ALL
  SELECT h.asker, h.sku, h.rule FROM held AS h
),

first_rules AS (
  SELECT s.asker, s.sku, MIN(s.rule) AS rule FROM speaking AS s GROUP BY s.asker, s.sku
),

-- `turn`: the same order with what is held before all others
candidates AS (
  SELECT
    p.asker, p.sku, p.score, p.tier, p.display_key, p.part_type, p.place,
    COALESCE(h.pinned, FALSE) AS pinned,
    ROW_NUMBER() OVER (PARTITION BY p.asker ORDER BY h.sku IS NULL, p.place) AS turn
  FROM placed AS p
  LEFT JOIN held_parts AS h ON h.asker = p.asker AND h.sku = p.sku
  WHERE p.score IS NOT NULL OR h.sku IS NOT NULL
),

families AS (
  SELECT c.asker, c.sku, c.score, c.tier, c.part_type, c.place, c.pinned, c.turn
  FROM candidates AS c
  QUALIFY ROW_NUMBER() OVER (PARTITION BY c.asker, c.display_key ORDER BY c.turn) = 1
),

types AS (
  SELECT f.asker, f.sku, f.score, f.tier, f.place, f.pinned, f.turn
  FROM families AS f
  QUALIFY ROW_NUMBER() OVER (PARTITION BY f.asker, f.part_type ORDER BY f.turn) <= @per_part_type
),

answers AS (
  SELECT t.asker, t.sku, t.score, t.tier, t.place, t.pinned
  FROM types AS t
  QUALIFY ROW_NUMBER() OVER (PARTITION BY t.asker ORDER BY t.turn) <= @slots
)

SELECT
  a.asker,
  ROW_NUMBER() OVER (PARTITION BY a.asker ORDER BY NOT a.pinned, a.place) AS slot,
  a.sku,
  COALESCE(a.score, 0) AS score,
  IF(a.score IS NULL, 'none', a.tier) AS tier,
  COALESCE(r.rule, -1) AS rule
FROM answers AS a
LEFT JOIN first_rules AS r ON r.asker = a.asker AND r.sku = a.sku
