-- purpose: rows that the graph lacks or holds with other values; `reweighed` where only the weight is another
-- reads: new_rows, old_rows
-- returns: position INT64, added BOOL, reweighed BOOL
SELECT
  n.position,
  o.position IS NULL AS added,
  o.position IS NOT NULL AND n.settled IS NOT DISTINCT FROM o.settled AS reweighed
FROM new_rows AS n LEFT JOIN old_rows AS o ON n.key = o.key
WHERE o.position IS NULL OR n.settled IS DISTINCT FROM o.settled OR n.weight IS DISTINCT FROM o.weight
ORDER BY n.position
