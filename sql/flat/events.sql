-- purpose: what happened, as raw rows of one item each
-- params: none
-- reads: happened
-- returns: user_id STRING, event_name STRING, client_event_timestamp TIMESTAMP, auxia_insertion_timestamp TIMESTAMP,
--          event_properties ARRAY<STRUCT>
WITH placed AS (
  SELECT
    h.user_id, h.name, h.sku, h.at, h.price, h.image_url,
    CASE
      WHEN UPPER(TRIM(h.name)) IN ('CART UPDATE', 'PLACED ORDER') THEN 'Items_0.ProductId'
      WHEN UPPER(TRIM(h.name)) = 'CONSUMER WEBSITE ORDER' THEN 'SKUs_0'
      ELSE 'ProductId'
    END AS sku_name,
    UPPER(TRIM(h.name)) IN ('CART UPDATE', 'PLACED ORDER', 'CONSUMER WEBSITE ORDER') AS is_item
  FROM happened AS h
)

SELECT
  p.user_id,
  p.name AS event_name,
  p.at AS client_event_timestamp,
  p.at AS auxia_insertion_timestamp,
  [
    STRUCT(p.sku_name AS property_name, p.sku AS string_value, CAST(NULL AS INT64) AS long_value, CAST(NULL AS FLOAT64) AS double_value),
    STRUCT(
      IF(p.is_item, 'Items_0.ItemPrice', 'Price') AS property_name, p.price AS string_value,
      CAST(NULL AS INT64) AS long_value, CAST(NULL AS FLOAT64) AS double_value
    ),
    STRUCT(
      IF(p.is_item, 'Items_0.ImageUrl', 'ImageUrl') AS property_name, p.image_url AS string_value,
      CAST(NULL AS INT64) AS long_value, CAST(NULL AS FLOAT64) AS double_value
    )
  ] AS event_properties
FROM placed AS p
