-- purpose: quartiles of the prices that moved since the previous file
-- params: @max_price_change FLOAT64 share by which a quartile may move
-- reads: slots, previous_slots
-- returns: row INT64, vehicle_id STRING, sku STRING, found STRING
WITH ranked AS (
  SELECT 'now' AS which, s.price, ROW_NUMBER() OVER (ORDER BY s.price) / COUNT(*) OVER () AS place FROM slots AS s
  UNION ALL
  SELECT 'before', s.price, ROW_NUMBER() OVER (ORDER BY s.price) / COUNT(*) OVER () FROM previous_slots AS s
),

quartiles AS (
  SELECT
    q AS quartile,
    MIN(IF(r.which = 'now' AND r.place >= q, r.price, NULL)) AS now,
    MIN(IF(r.which = 'before' AND r.place >= q, r.price, NULL)) AS before
  FROM ranked AS r
  CROSS JOIN UNNEST([0.25, 0.5, 0.75]) AS q
  GROUP BY q
)

SELECT
  CAST(NULL AS INT64) AS row, CAST(NULL AS STRING) AS vehicle_id, CAST(NULL AS STRING) AS sku,
  CONCAT(
    CAST(CAST(100 * x.quartile AS INT64) AS STRING), ' % of the parts cost up to ',
    COALESCE(FORMAT("$%'.2f", x.now), 'nothing'), ' after ', COALESCE(FORMAT("$%'.2f", x.before), 'nothing')
  ) AS found
FROM quartiles AS x
WHERE x.now IS NULL OR x.before IS NULL OR ABS(x.now - x.before) > @max_price_change * x.before
ORDER BY x.quartile
