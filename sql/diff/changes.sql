-- purpose: rows that the graph lacks, holds with other values or no longer should hold; `settled`: all but the weight is
--          as it was
-- reads: new_rows, old_rows
-- returns: new_position INT64, old_position INT64, settled BOOL
--
-- Keys are columns of their own: engines join structs several times as slowly.
SELECT
  n.position AS new_position,
  o.position AS old_position,
  n.settled IS NOT DISTINCT FROM o.settled AS settled
FROM new_rows AS n
FULL JOIN old_rows AS o ON o.one_end = n.one_end AND o.other_end = n.other_end
WHERE
  n.position IS NULL OR o.position IS NULL
  OR n.settled IS DISTINCT FROM o.settled OR n.weight IS DISTINCT FROM o.weight
ORDER BY n.position, o.position
