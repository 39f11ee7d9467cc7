-- purpose: what has become of rows that an earlier sync rejected: per reason, how many there were and still are
-- reads: rejected_then, rejected_now
-- returns: reason STRING, rejected INT64, still INT64
WITH earlier AS (
  SELECT t.reason, t.value, t.source_row, COUNT(*) AS n
  FROM rejected_then AS t
  GROUP BY t.reason, t.value, t.source_row
),

today AS (
  SELECT t.reason, t.value, t.source_row, COUNT(*) AS n
  FROM rejected_now AS t
  GROUP BY t.reason, t.value, t.source_row
)

SELECT
  e.reason,
  CAST(SUM(e.n) AS INT64) AS rejected,
  CAST(SUM(LEAST(e.n, COALESCE(t.n, 0))) AS INT64) AS still
FROM earlier AS e
LEFT JOIN today AS t
  ON t.reason = e.reason AND t.value IS NOT DISTINCT FROM e.value AND t.source_row IS NOT DISTINCT FROM e.source_row
GROUP BY e.reason
ORDER BY e.reason
