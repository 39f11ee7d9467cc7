-- purpose: rows that the graph lacks or holds with other values
-- reads: new_rows, old_rows
-- returns: position INT64, added BOOL
SELECT n.position, o.position IS NULL AS added
FROM new_rows AS n LEFT JOIN old_rows AS o ON n.key = o.key
WHERE o.position IS NULL OR n.compared IS DISTINCT FROM o.compared
ORDER BY n.position
