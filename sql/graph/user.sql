-- purpose: everybody who has attributes, did something or bought something
-- params: none
-- reads: clean_users, clean_events, waiting_events, members
-- returns: user_id STRING, email_hash STRING, engagement_tier STRING, drives STRING
WITH people AS (
  SELECT u.user_id FROM clean_users AS u
  UNION DISTINCT
  SELECT e.user_id FROM clean_events AS e
  UNION DISTINCT
  SELECT m.user_id FROM members AS m
),

identified AS (
  SELECT p.user_id, m.email_hash
  FROM people AS p
  LEFT JOIN members AS m ON m.user_id = p.user_id
),

-- Events begin at the boundary, so every ORDERED event is recent; one of a service or of an unknown SKU is an order, too.
orders AS (
  SELECT e.user_id FROM clean_events AS e WHERE e.kind = 'ORDERED'
  UNION DISTINCT
  SELECT w.user_id FROM waiting_events AS w WHERE w.kind = 'ORDERED'
),

recent AS (
  SELECT DISTINCT COALESCE(i.email_hash, i.user_id) AS somebody
  FROM orders AS o
  INNER JOIN identified AS i ON i.user_id = o.user_id
),

-- in words what `owns` says by key
drivers AS (
  SELECT u.user_id, CONCAT(CAST(u.year AS STRING), ' ', u.make, ' ', u.model) AS drives
  FROM clean_users AS u
  WHERE u.email IS NOT NULL AND u.year IS NOT NULL AND u.make IS NOT NULL AND u.model IS NOT NULL
)

SELECT
  i.user_id,
  i.email_hash,
  IF(r.somebody IS NULL, 'cold', 'hot') AS engagement_tier,
  d.drives
FROM identified AS i
LEFT JOIN recent AS r ON r.somebody = COALESCE(i.email_hash, i.user_id)
LEFT JOIN drivers AS d ON d.user_id = i.user_id
ORDER BY i.user_id
