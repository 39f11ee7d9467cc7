-- purpose: rows of the fitment list whose years cannot be read
-- params: @mention STRING pattern of whatever may be an address
-- reads: list_fitment, years
-- returns: feed STRING, outcome STRING, reason STRING, value STRING, source_row STRING, n INT64, email STRING
WITH lost AS (
  SELECT y.words, f.file, f.line
  FROM list_fitment AS f
  LEFT JOIN years AS y
    ON y.year IS NOT DISTINCT FROM f.year
    AND y.year_from IS NOT DISTINCT FROM f.year_from
    AND y.year_to IS NOT DISTINCT FROM f.year_to
  WHERE y.first IS NULL
)

SELECT
  'fitment' AS feed,
  'rejected' AS outcome,
  'fitment.bad_year' AS reason,
  REGEXP_REPLACE(l.words, @mention, '<email>') AS value,
  TO_JSON_STRING(STRUCT(l.file AS file, l.line AS line)) AS source_row,
  1 AS n,
  CAST(NULL AS STRING) AS email
FROM lost AS l
UNION ALL
SELECT 'fitment', 'read', 'rows', NULL, NULL, COUNT(*), NULL FROM lost AS l HAVING COUNT(*) > 0
