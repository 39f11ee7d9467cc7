-- purpose: user attributes to one row per user: of each property the newest value, never the greatest
-- params: @as_of TIMESTAMP       rows at or after it are not known yet
--         @invisible STRING      pattern of characters that nobody sees
--         @blank STRING          pattern of a run of white space
--         @placeholder STRING    pattern of what stands for nobody
--         @mailbox STRING        pattern of one address and nothing beside it
--         @address STRING        pattern of an address inside another text
--         @mention STRING        pattern of whatever may be one
--         @max_characters INT64 of an id, an email, a make or a model
--         @max_ids INT64        user ids that may share an email
--         @first_year INT64      model years that are believed
--         @last_year INT64       the same
-- reads: user_attributes
-- returns: outcome STRING, reason STRING, value STRING, source_row STRING, n INT64, user_id STRING, email STRING,
--          year INT64, make STRING, model STRING, since INT64
--
-- A cast stands behind a pattern: SAFE_CAST('12.5' AS INT64) is NULL in BigQuery and a rounded number elsewhere.
-- Rows are taken apart and put together again under an id of their own, because a subquery per row over its properties
-- takes DuckDB ten times as long. The id lives inside one chain of steps: it may differ wherever the chain is repeated.
-- An id that may be an address comes in lower case here, and is hashed before anything is kept.
WITH attribute_rows AS (
  SELECT
    GENERATE_UUID() AS row_id,
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(a.user_id, @invisible, ''), NFKC), @blank, ' ')) AS user_id,
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

named AS (
  SELECT
    r.row_id, r.user_id, r.updated, r.inserted,
    LOWER(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(p.property_name, @invisible, ''), NFKC), @blank, ' '))) AS name,
    p.string_value, p.long_value
  FROM attribute_rows AS r
  CROSS JOIN UNNEST(r.user_properties) AS p
),

properties AS (
  SELECT
    n.row_id, n.user_id, n.updated, n.inserted, n.name,
    NULLIF(TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(n.string_value, @invisible, ''), NFKC), @blank, ' ')), '') AS words,
    CAST(n.long_value AS STRING) AS digits
  FROM named AS n
  WHERE n.name IN ('', 'email', 'v1_year', 'v1_make', 'v1_model')
),

read AS (
  SELECT
    p.row_id, p.user_id, p.updated, p.inserted, p.name,
    CASE
      WHEN p.name <> 'email' THEN UPPER(COALESCE(p.words, p.digits))
      WHEN NOT REGEXP_CONTAINS(p.words, @placeholder) THEN LOWER(p.words)  -- an email is only ever text
    END AS value,
    p.name = 'email' AND REGEXP_CONTAINS(p.words, @placeholder) AS stands_for_nobody
  FROM properties AS p
),

said AS (
  SELECT
    ANY_VALUE(r.user_id) AS user_id,
    ANY_VALUE(r.updated) AS updated,
    ANY_VALUE(r.inserted) AS inserted,
    LOGICAL_OR(COALESCE(r.stands_for_nobody, FALSE)) AS stands_for_nobody,
    LOGICAL_OR(r.name = 'email') AS has_email,
    MAX(IF(r.name = 'email', r.value, NULL)) AS email,
    LOGICAL_OR(COALESCE(r.name = 'email' AND NOT REGEXP_CONTAINS(r.value, @mailbox), FALSE)) AS bad_email,
    LOGICAL_OR(r.name = 'v1_year') AS has_year,
    MAX(IF(r.name = 'v1_year', r.value, NULL)) AS year,
    MAX(
      CASE
        WHEN r.name <> 'v1_year' THEN NULL
        WHEN NOT REGEXP_CONTAINS(r.value, r'^[+-]?[0-9]{1,9}$') THEN r.value
        WHEN NOT SAFE_CAST(r.value AS INT64) BETWEEN @first_year AND @last_year THEN r.value
      END
    ) AS bad_year,
    LOGICAL_OR(r.name = 'v1_make') AS has_make,
    MAX(IF(r.name = 'v1_make', r.value, NULL)) AS make,
    LOGICAL_OR(r.name = 'v1_model') AS has_model,
    MAX(IF(r.name = 'v1_model', r.value, NULL)) AS model,
    LOGICAL_OR(COALESCE(r.name IN ('v1_make', 'v1_model') AND REGEXP_CONTAINS(r.value, @address), FALSE)) AS has_address,
    LOGICAL_OR(COALESCE(r.name IN ('v1_make', 'v1_model') AND STRPOS(r.value, '|') > 0, FALSE)) AS has_bar,
    LOGICAL_OR(COALESCE(CHAR_LENGTH(r.value) > @max_characters, FALSE)) AS too_long
  FROM read AS r
  GROUP BY r.row_id
),

reasons AS (
  SELECT
    s.user_id, s.updated, s.inserted, s.stands_for_nobody, s.has_email, s.email, s.has_year, s.year, s.bad_year,
    s.has_make, s.make, s.has_model, s.model,
    CASE
      WHEN s.updated >= @as_of THEN 'outside_window'
      WHEN s.user_id = '' OR s.user_id IS NULL THEN 'user.no_id'
      WHEN REGEXP_CONTAINS(s.user_id, @placeholder) THEN 'user.placeholder_id'
      WHEN s.too_long OR CHAR_LENGTH(s.user_id) > @max_characters THEN 'user.too_long'
      WHEN s.bad_year IS NOT NULL THEN 'user.bad_year'
      WHEN s.bad_email THEN 'user.bad_email'
      WHEN s.has_address THEN 'user.address'
      WHEN s.has_bar THEN 'user.bar'
    END AS reason
  FROM said AS s
),

judged AS (
  SELECT
    IF(REGEXP_CONTAINS(r.user_id, @mention), LOWER(r.user_id), r.user_id) AS user_id,
    r.updated, r.inserted, r.stands_for_nobody, r.has_email, r.email, r.has_year, r.year, r.bad_year,
    r.has_make, r.make, r.has_model, r.model, r.reason,
    CASE WHEN r.reason IS NULL THEN 'clean' WHEN r.reason LIKE 'user.%' THEN 'rejected' ELSE 'ignored' END AS outcome
  FROM reasons AS r
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

people AS (
  SELECT
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
),

-- An email of very many ids is nobody's: a call centre types it when a customer has none.
known AS (
  SELECT
    p.user_id, p.email, p.year, p.make, p.model, p.since,
    p.email IS NOT NULL AND COUNT(*) OVER (PARTITION BY p.email) > @max_ids AS shared
  FROM people AS p
),

accounts AS (
  SELECT
    j.outcome,
    j.reason,
    IF(j.reason = 'user.bad_year', j.bad_year, NULL) AS value,
    TO_JSON_STRING(STRUCT(
      j.user_id AS user_id, UNIX_MICROS(j.updated) AS update_micros, UNIX_MICROS(j.inserted) AS insertion_micros,
      j.year AS v1_year, j.make AS v1_make, j.model AS v1_model
    )) AS source_row,
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
  SELECT 'ignored', 'placeholder_email', NULL, NULL, COUNT(*), NULL
  FROM judged AS j
  WHERE j.outcome = 'clean' AND j.stands_for_nobody
  HAVING COUNT(*) > 0
  UNION ALL
  SELECT 'ignored', 'shared_email', NULL, NULL, COUNT(*), NULL FROM known AS k WHERE k.shared HAVING COUNT(*) > 0
  UNION ALL
  SELECT 'read', 'rows', NULL, NULL, COUNT(*), NULL FROM judged AS j
)

SELECT
  'clean' AS outcome,
  CAST(NULL AS STRING) AS reason,
  CAST(NULL AS STRING) AS value,
  CAST(NULL AS STRING) AS source_row,
  1 AS n,
  k.user_id,
  IF(k.shared, NULL, k.email) AS email,
  k.year,
  k.make,
  k.model,
  k.since
FROM known AS k

UNION ALL

-- Whatever may be an address is taken out of what is kept of rejected rows.
SELECT
  a.outcome,
  a.reason,
  REGEXP_REPLACE(a.value, @mention, '<email>') AS value,
  REGEXP_REPLACE(a.source_row, @mention, '<email>') AS source_row,
  a.n,
  CAST(NULL AS STRING) AS user_id,
  a.email,
  CAST(NULL AS INT64) AS year,
  CAST(NULL AS STRING) AS make,
  CAST(NULL AS STRING) AS model,
  CAST(NULL AS INT64) AS since
FROM accounts AS a
