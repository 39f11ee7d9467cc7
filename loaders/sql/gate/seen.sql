-- purpose: the highest price and the newest picture that events saw of each SKU
-- params: none
-- reads: seen_events
-- returns: sku STRING, price FLOAT64, image_url STRING
WITH newest AS (
  SELECT s.sku, s.price, s.image_url, s.image_at, MAX(s.image_at) OVER (PARTITION BY s.sku) AS newest_at
  FROM seen_events AS s
)

SELECT n.sku, MAX(n.price) AS price, MAX(IF(n.image_at = n.newest_at, n.image_url, NULL)) AS image_url
FROM newest AS n
GROUP BY n.sku
