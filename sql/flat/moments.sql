-- purpose: every text of the lists that says a time, read once: by the given format, else as ISO 8601 or epoch time
-- params: @date_format STRING format of the settings, as strptime writes it; NULL: none
-- reads: list_users, list_orders, list_events
-- returns: text STRING, at TIMESTAMP, day DATE
--
-- `day` is the calendar day as written, whatever the zone. Only DuckDB reads lists, and TRY_STRPTIME is its own.
WITH texts AS (
  SELECT u.updated_at AS text FROM list_users AS u
  UNION DISTINCT
  SELECT o.date FROM list_orders AS o
  UNION DISTINCT
  SELECT e.time FROM list_events AS e
),

words AS (
  SELECT t.text, TRIM(t.text) AS words FROM texts AS t WHERE TRIM(t.text) <> ''
),

isos AS (
  SELECT
    w.text,
    w.words,
    -- a blank before the offset is how shops write it: 2025-01-10 13:45:00 -0500
    IF(
      REGEXP_CONTAINS(w.words, r'^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}(?:$|[T ])'),
      REGEXP_REPLACE(w.words, r' *([+-][0-9]{2}):?([0-9]{2})$', r'\1:\2'),
      NULL
    ) AS iso,
    -- Friday, January 10, 2025
    IF(REGEXP_CONTAINS(w.words, r'^[A-Z][a-z]+day, [A-Z][a-z]+ [0-9]{1,2}, [0-9]{4}$'), w.words, NULL) AS in_full
  FROM words AS w
)

SELECT
  i.text,
  CAST(COALESCE(
    CAST(TRY_STRPTIME(i.words, @date_format) AS TIMESTAMP),
    SAFE_CAST(i.iso AS TIMESTAMP),
    CAST(TRY_STRPTIME(i.in_full, '%A, %B %d, %Y') AS TIMESTAMP),
    IF(REGEXP_CONTAINS(i.words, r'^[0-9]{9,10}$'), TIMESTAMP_SECONDS(SAFE_CAST(i.words AS INT64)), NULL),
    IF(REGEXP_CONTAINS(i.words, r'^[0-9]{12,13}$'), TIMESTAMP_MILLIS(SAFE_CAST(i.words AS INT64)), NULL)
  ) AS TIMESTAMP) AS `at`,
  COALESCE(
    DATE(TRY_STRPTIME(i.words, @date_format)),
    SAFE_CAST(REGEXP_EXTRACT(i.iso, r'^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}') AS DATE),
    DATE(TRY_STRPTIME(i.in_full, '%A, %B %d, %Y')),
    IF(REGEXP_CONTAINS(i.words, r'^[0-9]{9,10}$'), DATE(TIMESTAMP_SECONDS(SAFE_CAST(i.words AS INT64)), 'UTC'), NULL),
    IF(REGEXP_CONTAINS(i.words, r'^[0-9]{12,13}$'), DATE(TIMESTAMP_MILLIS(SAFE_CAST(i.words AS INT64)), 'UTC'), NULL)
  ) AS day
FROM isos AS i
