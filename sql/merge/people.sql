-- purpose: whose interactions are others than an earlier sync knew, where only the days that were read can differ
-- params: @since_day INT64 days since 1970 before which the earlier sync's rows are kept
-- reads: clean_events, earlier_events
-- returns: user_id STRING
WITH days AS (
  SELECT n.user_id, n.kind, n.sku, n.day, n.at FROM clean_events AS n WHERE n.day >= @since_day
  UNION ALL
  SELECT o.user_id, o.kind, o.sku, o.day, o.at FROM earlier_events AS o WHERE o.day >= @since_day
),

others AS (
  SELECT d.user_id
  FROM days AS d
  GROUP BY d.user_id, d.kind, d.sku, d.day, d.at
  HAVING COUNT(*) = 1
)

SELECT DISTINCT o.user_id FROM others AS o
