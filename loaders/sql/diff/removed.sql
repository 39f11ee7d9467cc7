-- purpose: rows that the graph holds and the source no longer has
-- reads: new_rows, old_rows
-- returns: position INT64
SELECT o.position
FROM old_rows AS o LEFT JOIN new_rows AS n ON o.key = n.key
WHERE n.position IS NULL
ORDER BY o.position
