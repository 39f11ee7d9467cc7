-- purpose: every text of the fitment list that says years, as its first and last years; one without any is unreadable
-- params: @first_year INT64 model years that are believed
--         @last_year INT64  the same
-- reads: list_fitment
-- returns: year STRING, year_from STRING, year_to STRING, words STRING, first INT64, last INT64
--
-- 1965, 1965-1970, 1965 - 70, '65-'70, 1965 to 1970, 2005+, 2005-present, 1965, 1967-69; or two columns, whose empty
-- end means until today. Of two digits the century is that of the start, else the latest that is believed.
WITH texts AS (
  SELECT DISTINCT f.year, f.year_from, f.year_to FROM list_fitment AS f
),

joined AS (
  SELECT
    t.year, t.year_from, t.year_to,
    LOWER(
      IF(
        COALESCE(TRIM(t.year_from), '') = '' AND COALESCE(TRIM(t.year_to), '') = '',
        TRIM(t.year),
        CONCAT(COALESCE(TRIM(t.year_from), ''), '-', COALESCE(TRIM(t.year_to), ''))
      )
    ) AS words
  FROM texts AS t
),

plain AS (
  SELECT
    j.year, j.year_from, j.year_to, j.words,
    REGEXP_REPLACE(
      REGEXP_REPLACE(
        REGEXP_REPLACE(
          REGEXP_REPLACE(j.words, r"['’‘`]", ''),
          r'\s*(?:[-‐‑‒–—−~]|\b(?:to|thru|through|bis)\b)\s*', '-'
        ),
        r'\s*(?:\+|(?:-|&|\band\b)?\s*\b(?:up|newer|later|on|onwards|present|current|now|today)\b|-$)\s*$', '+'
      ),
      r'\s*(?:[,;/&]|\band\b|\s)\s*', ','
    ) AS spans
  FROM joined AS j
),

spans AS (
  SELECT p.year, p.year_from, p.year_to, p.words, s AS span
  FROM plain AS p
  CROSS JOIN UNNEST(SPLIT(p.spans, ',')) AS s
),

ends AS (
  SELECT
    s.year, s.year_from, s.year_to, s.words,
    REGEXP_EXTRACT(s.span, r'^([0-9]{4}|[0-9]{2})(?:-(?:[0-9]{4}|[0-9]{2})|\+)?$') AS start_text,
    REGEXP_EXTRACT(s.span, r'-([0-9]{4}|[0-9]{2})$') AS end_text,
    ENDS_WITH(s.span, '+') AS is_open
  FROM spans AS s
),

starts AS (
  SELECT
    e.year, e.year_from, e.year_to, e.words, e.end_text, e.is_open,
    SAFE_CAST(e.start_text AS INT64) + CASE
      WHEN CHAR_LENGTH(e.start_text) = 4 THEN 0
      WHEN SAFE_CAST(e.start_text AS INT64) + 2000 <= @last_year THEN 2000
      ELSE 1900
    END AS first
  FROM ends AS e
),

bounds AS (
  SELECT
    s.year, s.year_from, s.year_to, s.words, s.first,
    CASE
      WHEN s.is_open THEN @last_year
      WHEN s.end_text IS NULL THEN s.first
      WHEN CHAR_LENGTH(s.end_text) = 4 THEN SAFE_CAST(s.end_text AS INT64)
      -- 1998-02 ends in 2002
      ELSE s.first - MOD(s.first, 100) + SAFE_CAST(s.end_text AS INT64)
        + IF(SAFE_CAST(s.end_text AS INT64) < MOD(s.first, 100), 100, 0)
    END AS last
  FROM starts AS s
),

judged AS (
  SELECT
    b.year, b.year_from, b.year_to, b.words, b.first, b.last,
    LOGICAL_AND(COALESCE(b.first >= @first_year AND b.first <= b.last AND b.last <= @last_year, FALSE))
      OVER (PARTITION BY b.year, b.year_from, b.year_to) AS is_good
  FROM bounds AS b
)

SELECT DISTINCT
  j.year, j.year_from, j.year_to, j.words,
  IF(j.is_good, j.first, NULL) AS first,
  IF(j.is_good, j.last, NULL) AS last
FROM judged AS j
