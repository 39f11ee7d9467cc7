-- purpose: order lines as raw rows, without those that count as events
-- params: @boundary TIMESTAMP     order lines from it on count as events
--         @lines_are_events BOOL  false: events tell purchases themselves
-- reads: lines
-- returns: ITEM STRING, SHIP_TO_EMAIL STRING, ORDER_DATE STRING, ORDER_NUMBER STRING
SELECT
  l.sku AS ITEM,
  l.email AS SHIP_TO_EMAIL,
  FORMAT_DATE('%A, %B %d, %Y', l.day) AS ORDER_DATE,
  -- dead letters keep it: there it says which line of which file
  CONCAT(COALESCE(CONCAT(TRIM(l.order_id), ', '), ''), l.file, ' line ', CAST(l.line AS STRING)) AS ORDER_NUMBER
FROM lines AS l
WHERE l.fate = 'kept' AND NOT (@lines_are_events AND l.at >= @boundary)
