-- purpose: whether events tell purchases, whether orders name emails, and when both begin
-- params: none
-- reads: list_events, kinds, moments, lines
-- returns: tells BOOL, has_emails BOOL, first_event TIMESTAMP, first_order TIMESTAMP
SELECT
  e.tells, o.has_emails, e.first_event, o.first_order
FROM (
  SELECT
    COALESCE(LOGICAL_OR(UPPER(TRIM(k.name)) IN ('ORDERED PRODUCT', 'PLACED ORDER', 'CONSUMER WEBSITE ORDER')), FALSE) AS tells,
    MIN(m.at) AS first_event
  FROM list_events AS v
  LEFT JOIN kinds AS k ON k.text = v.event
  LEFT JOIN moments AS m ON m.text = v.time
) AS e
CROSS JOIN (
  SELECT COUNT(l.email) > 0 AS has_emails, MIN(l.at) AS first_order FROM lines AS l WHERE l.fate = 'kept'
) AS o
