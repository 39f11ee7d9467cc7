-- purpose: events of the list, and order lines that no event tells, each with the user that it is of
-- params: @boundary TIMESTAMP     order lines from it on count as events
--         @lines_are_events BOOL  false: events tell purchases themselves
--         @max_ids INT64         user ids that may share an email
-- reads: list_events, list_users, kinds, moments, lines
-- returns: user_id STRING, email STRING, name STRING, sku STRING, at TIMESTAMP, price STRING, image_url STRING
--
-- Whoever is known by an email alone is every user of the list with that email, else the email is the id.
WITH pairs AS (
  SELECT DISTINCT LOWER(TRIM(u.email)) AS email, COALESCE(NULLIF(TRIM(u.user_id), ''), TRIM(u.email)) AS user_id
  FROM list_users AS u
  WHERE TRIM(u.email) <> ''
),

ids AS (
  SELECT p.email, p.user_id FROM pairs AS p WHERE TRUE QUALIFY COUNT(*) OVER (PARTITION BY p.email) <= @max_ids
),

told AS (
  SELECT e.user_id, e.email, COALESCE(k.name, e.event) AS name, e.sku, m.at, e.price, e.image_url
  FROM list_events AS e
  LEFT JOIN kinds AS k ON k.text = e.event
  LEFT JOIN moments AS m ON m.text = e.time
  WHERE m.at IS NOT NULL OR COALESCE(TRIM(e.time), '') = ''
  UNION ALL
  SELECT l.user_id, l.email, 'ORDERED PRODUCT', l.sku, l.at, l.price, NULL
  FROM lines AS l
  WHERE l.fate = 'kept' AND @lines_are_events AND l.at >= @boundary
),

trimmed AS (
  SELECT
    NULLIF(TRIM(t.user_id), '') AS user_id, NULLIF(TRIM(t.email), '') AS email,
    IF(COALESCE(TRIM(t.user_id), '') = '', LOWER(TRIM(t.email)), NULL) AS known_by,
    t.name, t.sku, t.at, t.price, t.image_url
  FROM told AS t
)

SELECT COALESCE(t.user_id, i.user_id, t.email) AS user_id, t.email, t.name, t.sku, t.at, t.price, t.image_url
FROM trimmed AS t
LEFT JOIN ids AS i ON i.email = t.known_by
