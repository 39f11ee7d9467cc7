-- purpose: who is ranked for alone, and whose answer is that of another owner of the vehicle
-- params: none
-- reads: owners, embeddings, chosen, purchases
-- returns: row INT64, asker INT64
--
-- Owners without a vector, a history or a late purchase differ in nothing: the first of them asks for all.
WITH apart AS (
  SELECT o.row
  FROM owners AS o
  INNER JOIN embeddings AS e ON e.kind = 'user' AND e.key = o.user_id
  UNION DISTINCT
  SELECT c.row FROM chosen AS c
  UNION DISTINCT
  SELECT o.row
  FROM owners AS o
  INNER JOIN purchases AS p ON p.person = o.person
  WHERE p.lately
)

SELECT
  o.row,
  COALESCE(a.row, MIN(IF(a.row IS NULL, o.row, NULL)) OVER (PARTITION BY o.vehicle_id)) AS asker
FROM owners AS o
LEFT JOIN apart AS a ON a.row = o.row
