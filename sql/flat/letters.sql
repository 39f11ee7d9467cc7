-- purpose: rows of the lists that became no raw row of their table, and why
-- params: @mention STRING         pattern of whatever may be an address
--         @boundary TIMESTAMP     order lines from it on count as events
--         @lines_are_events BOOL  false: events tell purchases themselves
-- reads: unreadable, list_users, list_events, lines, moments
-- returns: feed STRING, outcome STRING, reason STRING, value STRING, source_row STRING, n INT64, email STRING
WITH lost AS (
  SELECT u.list AS feed, CONCAT(
    CASE u.list WHEN 'users' THEN 'user' WHEN 'items' THEN 'item' WHEN 'events' THEN 'event' WHEN 'orders' THEN 'order' ELSE u.list END,
    '.unreadable'
  ) AS reason, u.error AS value, u.file, u.line, u.n, CAST(NULL AS STRING) AS email
  FROM unreadable AS u
  UNION ALL
  SELECT 'users', 'user.bad_date', u.updated_at, u.file, u.line, 1, LOWER(TRIM(u.email))
  FROM list_users AS u
  LEFT JOIN moments AS m ON m.text = u.updated_at
  WHERE m.at IS NULL AND TRIM(u.updated_at) <> ''
  UNION ALL
  SELECT 'events', 'event.bad_date', e.time, e.file, e.line, 1, LOWER(TRIM(e.email))
  FROM list_events AS e
  LEFT JOIN moments AS m ON m.text = e.time
  WHERE m.at IS NULL AND TRIM(e.time) <> ''
  UNION ALL
  SELECT
    'orders', CONCAT('order.', l.fate), IF(l.fate = 'bad_date', l.date, NULL), l.file, l.line, 1, LOWER(l.email)
  FROM lines AS l
  WHERE l.fate IN ('bad_date', 'no_item', 'no_email')
),

aside AS (
  SELECT IF(l.fate = 'kept', 'as_event', l.fate) AS reason, COUNT(*) AS n
  FROM lines AS l
  WHERE l.fate IN ('cancelled', 'returned') OR (l.fate = 'kept' AND @lines_are_events AND l.at >= @boundary)
  GROUP BY 1
)

SELECT
  l.feed,
  'rejected' AS outcome,
  l.reason,
  REGEXP_REPLACE(l.value, @mention, '<email>') AS value,
  TO_JSON_STRING(STRUCT(l.file AS file, l.line AS line)) AS source_row,
  l.n,
  l.email
FROM lost AS l

UNION ALL

SELECT 'orders', 'ignored', a.reason, NULL, NULL, a.n, NULL FROM aside AS a

UNION ALL

SELECT l.feed, 'read', 'rows', NULL, NULL, SUM(l.n), NULL FROM lost AS l GROUP BY l.feed

UNION ALL

SELECT 'orders', 'read', 'rows', NULL, NULL, SUM(a.n), NULL FROM aside AS a HAVING COUNT(*) > 0
