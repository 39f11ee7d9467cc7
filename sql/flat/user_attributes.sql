-- purpose: the users of the list, and of orders and events the emails of ids that the list has none of, as raw rows
-- params: none
-- reads: list_users, lines, happened, moments
-- returns: user_id STRING, update_timestamp TIMESTAMP, auxia_insertion_timestamp TIMESTAMP,
--          user_properties ARRAY<STRUCT>
--
-- A blank cell says nothing. Of two rows without a time, the later one in the file is newer.
WITH listed AS (
  SELECT
    COALESCE(NULLIF(TRIM(u.user_id), ''), NULLIF(TRIM(u.email), '')) AS user_id,
    NULLIF(TRIM(u.email), '') AS email,
    NULLIF(TRIM(u.year), '') AS year,
    NULLIF(TRIM(u.make), '') AS make,
    NULLIF(TRIM(u.model), '') AS model,
    m.at AS updated,
    TIMESTAMP_SECONDS(u.line) AS inserted
  FROM list_users AS u
  LEFT JOIN moments AS m ON m.text = u.updated_at
  WHERE m.at IS NOT NULL OR COALESCE(TRIM(u.updated_at), '') = ''
),

seen AS (
  SELECT l.user_id, LOWER(l.email) AS email, MAX(l.at) AS updated
  FROM lines AS l
  WHERE l.user_id IS NOT NULL AND l.email IS NOT NULL AND l.fate = 'kept'
  GROUP BY l.user_id, LOWER(l.email)
  UNION ALL
  SELECT h.user_id, LOWER(h.email), MAX(h.at)
  FROM happened AS h
  WHERE h.user_id IS NOT NULL AND h.email IS NOT NULL
  GROUP BY h.user_id, LOWER(h.email)
),

named AS (
  SELECT s.user_id, s.email, s.updated
  FROM seen AS s
  LEFT JOIN (SELECT DISTINCT l.user_id FROM listed AS l WHERE l.email IS NOT NULL) AS l ON l.user_id = s.user_id
  WHERE l.user_id IS NULL
),

everybody AS (
  SELECT l.user_id, l.email, l.year, l.make, l.model, l.updated, l.inserted FROM listed AS l
  UNION ALL
  SELECT n.user_id, n.email, NULL, NULL, NULL, n.updated, n.updated FROM named AS n
),

said AS (
  SELECT
    e.user_id, e.updated, e.inserted,
    [
      STRUCT('email' AS property_name, e.email AS string_value, CAST(NULL AS INT64) AS long_value, CAST(NULL AS FLOAT64) AS double_value),
      STRUCT('v1_year' AS property_name, e.year AS string_value, CAST(NULL AS INT64) AS long_value, CAST(NULL AS FLOAT64) AS double_value),
      STRUCT('v1_make' AS property_name, e.make AS string_value, CAST(NULL AS INT64) AS long_value, CAST(NULL AS FLOAT64) AS double_value),
      STRUCT('v1_model' AS property_name, e.model AS string_value, CAST(NULL AS INT64) AS long_value, CAST(NULL AS FLOAT64) AS double_value)
    ] AS properties
  FROM everybody AS e
)

SELECT
  s.user_id,
  s.updated AS update_timestamp,
  s.inserted AS auxia_insertion_timestamp,
  ARRAY(SELECT p FROM UNNEST(s.properties) AS p WHERE p.string_value IS NOT NULL) AS user_properties
FROM said AS s
