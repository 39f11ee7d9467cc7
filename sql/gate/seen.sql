-- purpose: price and image of each SKU: the catalogue's, else the highest and the newest that events saw
-- params: none
-- reads: seen_events, clean_items
-- returns: sku STRING, price FLOAT64, image_url STRING
WITH newest AS (
  SELECT s.sku, s.price, s.image_url, s.image_at, MAX(s.image_at) OVER (PARTITION BY s.sku) AS newest_at
  FROM seen_events AS s
),

observed AS (
  SELECT n.sku, MAX(n.price) AS price, MAX(IF(n.image_at = n.newest_at, n.image_url, NULL)) AS image_url
  FROM newest AS n
  GROUP BY n.sku
)

SELECT
  COALESCE(i.sku, o.sku) AS sku,
  COALESCE(i.price, o.price) AS price,
  COALESCE(i.image_url, o.image_url) AS image_url
FROM observed AS o
FULL JOIN clean_items AS i ON i.sku = o.sku
