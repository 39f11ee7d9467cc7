-- purpose: how many people who own a model, or any model of a make, bought a product, and how many did at all
-- params: none
-- reads: ordered, owns, vehicle, user
-- returns: make STRING, model STRING, sku STRING, buyers INT64
--
-- All ids of one address are one person, who owns and bought what any of them did. `model` is NULL in the rows of a
-- make, both are NULL in those of everybody.
WITH people AS (
  SELECT u.user_id, COALESCE(u.email_hash, u.user_id) AS person FROM user AS u
),

bought AS (
  SELECT DISTINCT p.person, b.sku
  FROM ordered AS b
  INNER JOIN people AS p ON p.user_id = b.user_id
),

owned AS (
  SELECT DISTINCT p.person, v.make, v.model
  FROM owns AS o
  INNER JOIN people AS p ON p.user_id = o.user_id
  INNER JOIN vehicle AS v ON v.vehicle_id = o.vehicle_id
)

SELECT o.make, o.model, b.sku, COUNT(*) AS buyers
FROM owned AS o
INNER JOIN bought AS b ON b.person = o.person
GROUP BY o.make, o.model, b.sku
UNION ALL
SELECT o.make, NULL, b.sku, COUNT(DISTINCT o.person)
FROM owned AS o
INNER JOIN bought AS b ON b.person = o.person
GROUP BY o.make, b.sku
UNION ALL
SELECT NULL, NULL, b.sku, COUNT(*)
FROM bought AS b
GROUP BY b.sku
