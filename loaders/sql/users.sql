-- purpose: user attributes to one row per user: of each property the newest value, never the greatest
-- params: @as_of TIMESTAMP rows at or after it are not known yet
--         @blank STRING    pattern of white space at either end: engines differ in what TRIM removes
-- reads: user_attributes
-- returns: outcome STRING, reason STRING, value STRING, source STRING, n INT64, user_id STRING, email STRING,
--          year INT64, make STRING, model STRING, since INT64
--
-- A cast stands behind a pattern: SAFE_CAST('12.5' AS INT64) is NULL in BigQuery and a rounded number elsewhere.
-- Rows are taken apart and put together again under an id of their own, because a subquery per row over its properties
-- takes DuckDB ten times as long. The id lives inside one chain of steps: it may differ wherever the chain is repeated.
WITH attribute_rows AS (
  SELECT
    GENERATE_UUID() AS row_id,
    NULLIF(REGEXP_REPLACE(a.user_id, @blank, ''), '') AS user_id,
    a.update_timestamp AS updated,
    a.auxia_insertion_timestamp AS inserted,
    -- one property more, so that a row without any is still a row after UNNEST
    ARRAY_CONCAT(
      [STRUCT(
        '' AS property_name, CAST(NULL AS STRING) AS string_value,
        CAST(NULL AS INT64) AS long_value, CAST(NULL AS FLOAT64) AS double_value
      )],
      COALESCE(a.user_properties, [])
    ) AS user_properties
  FROM user_attributes AS a
),

properties AS (
  SELECT
    r.row_id, r.user_id, r.updated, r.inserted,
    LOWER(p.property_name) AS name,
    NULLIF(REGEXP_REPLACE(p.string_value, @blank, ''), '') AS words,
    CAST(p.long_value AS STRING) AS digits
  FROM attribute_rows AS r
  CROSS JOIN UNNEST(r.user_properties) AS p
  WHERE LOWER(p.property_name) IN ('', 'email', 'v1_year', 'v1_make', 'v1_model')
),

said AS (
  SELECT
    ANY_VALUE(p.user_id) AS user_id,
    ANY_VALUE(p.updated) AS updated,
    ANY_VALUE(p.inserted) AS inserted,
    LOGICAL_OR(p.name = 'email') AS has_email,
    MAX(IF(p.name = 'email', LOWER(p.words), NULL)) AS email,  -- an email is only ever text
    LOGICAL_OR(p.name = 'v1_year') AS has_year,
    MAX(IF(p.name = 'v1_year', COALESCE(p.words, p.digits), NULL)) AS year,
    MAX(
      IF(
        p.name = 'v1_year' AND NOT REGEXP_CONTAINS(COALESCE(p.words, p.digits), r'^[+-]?[0-9]{1,9}$'),
        COALESCE(p.words, p.digits), NULL
      )
    ) AS bad_year,
    LOGICAL_OR(p.name = 'v1_make') AS has_make,
    MAX(IF(p.name = 'v1_make', UPPER(COALESCE(p.words, p.digits)), NULL)) AS make,
    LOGICAL_OR(p.name = 'v1_model') AS has_model,
    MAX(IF(p.name = 'v1_model', UPPER(COALESCE(p.words, p.digits)), NULL)) AS model
  FROM properties AS p
  GROUP BY p.row_id
),

judged AS (
  SELECT
    s.user_id, s.updated, s.inserted, s.has_email, s.email, s.has_year, s.year, s.bad_year,
    s.has_make, s.make, s.has_model, s.model,
    CASE
      WHEN s.updated >= @as_of THEN 'ignored'
      WHEN s.user_id IS NULL OR s.bad_year IS NOT NULL THEN 'rejected'
      ELSE 'clean'
    END AS outcome,
    CASE
      WHEN s.updated >= @as_of THEN 'outside_window'
      WHEN s.user_id IS NULL THEN 'user.no_id'
      WHEN s.bad_year IS NOT NULL THEN 'user.bad_year'
    END AS reason
  FROM said AS s
),

-- A row that lacks a property says nothing about it; one that has it empty makes it unknown.
newest AS (
  SELECT j.user_id, p.name, p.value, j.updated
  FROM judged AS j
  CROSS JOIN UNNEST([
    STRUCT('email' AS name, j.has_email AS present, j.email AS value),
    STRUCT('year' AS name, j.has_year AS present, j.year AS value),
    STRUCT('make' AS name, j.has_make AS present, j.make AS value),
    STRUCT('model' AS name, j.has_model AS present, j.model AS value)
  ]) AS p
  WHERE j.outcome = 'clean' AND p.present
  -- the value decides between rows of the very same times, so that every run decides alike
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY j.user_id, p.name ORDER BY j.updated DESC, j.inserted DESC, p.value DESC
  ) = 1
),

accounts AS (
  SELECT
    j.outcome,
    j.reason,
    IF(j.reason = 'user.bad_year', j.bad_year, NULL) AS value,
    TO_JSON_STRING(STRUCT(
      j.user_id AS user_id, UNIX_MICROS(j.updated) AS update_micros, UNIX_MICROS(j.inserted) AS insertion_micros,
      j.year AS v1_year, j.make AS v1_make, j.model AS v1_model
    )) AS source,
    1 AS n,
    j.email AS email  -- hashed before anything is kept
  FROM judged AS j
  WHERE j.outcome = 'rejected'
  UNION ALL
  -- value: up to when the rest is all that is known
  SELECT 'ignored', j.reason, CAST(UNIX_MICROS(MIN(j.updated)) AS STRING), NULL, COUNT(*), NULL
  FROM judged AS j
  WHERE j.outcome = 'ignored'
  GROUP BY j.reason
  UNION ALL
  SELECT 'read', 'rows', NULL, NULL, COUNT(*), NULL FROM judged AS j
)

SELECT
  'clean' AS outcome,
  CAST(NULL AS STRING) AS reason,
  CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS source,
  1 AS n,
  u.user_id,
  MAX(IF(w.name = 'email', w.value, NULL)) AS email,
  SAFE_CAST(MAX(IF(w.name = 'year', w.value, NULL)) AS INT64) AS year,
  MAX(IF(w.name = 'make', w.value, NULL)) AS make,
  MAX(IF(w.name = 'model', w.value, NULL)) AS model,
  -- whole seconds by integer division: casts of fractional seconds round up in some engines
  DIV(UNIX_MICROS(MAX(IF(w.name <> 'email', w.updated, NULL))), 1000000) AS since
FROM (SELECT DISTINCT j.user_id FROM judged AS j WHERE j.outcome = 'clean') AS u
LEFT JOIN newest AS w ON w.user_id = u.user_id
GROUP BY u.user_id

UNION ALL

-- Whatever looks like an address is taken out of what is kept of rejected rows.
SELECT
  a.outcome,
  a.reason,
  REGEXP_REPLACE(a.value, r'[^\s"\\@]+@[^\s"\\@]+', '<email>') AS value,
  REGEXP_REPLACE(a.source, r'[^\s"\\@]+@[^\s"\\@]+', '<email>') AS source,
  a.n,
  CAST(NULL AS STRING) AS user_id,
  a.email,
  CAST(NULL AS INT64) AS year,
  CAST(NULL AS STRING) AS make,
  CAST(NULL AS STRING) AS model,
  CAST(NULL AS INT64) AS since
FROM accounts AS a
