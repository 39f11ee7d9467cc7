-- purpose: every filled slot of an export file
-- params: none
-- reads: sheet, people
-- returns: row INT64, email STRING, year INT64, make STRING, model STRING, vehicle_id STRING, slot INT64, sku STRING,
--          price FLOAT64, score FLOAT64, image STRING, tier STRING
SELECT
  p.row, p.email, p.year, p.make, p.model, p.vehicle_id,
  c.slot, c.sku, c.price, c.score, c.image, c.tier
FROM (
  SELECT
    s.row,
    [
      STRUCT(
        1 AS slot, s.rec_part_1 AS sku, SAFE_CAST(s.rec1_price AS FLOAT64) AS price,
        SAFE_CAST(s.rec1_score AS FLOAT64) AS score, s.rec1_image AS image, s.rec1_pop_source AS tier
      ),
      STRUCT(
        2 AS slot, s.rec_part_2 AS sku, SAFE_CAST(s.rec2_price AS FLOAT64) AS price,
        SAFE_CAST(s.rec2_score AS FLOAT64) AS score, s.rec2_image AS image, s.rec2_pop_source AS tier
      ),
      STRUCT(
        3 AS slot, s.rec_part_3 AS sku, SAFE_CAST(s.rec3_price AS FLOAT64) AS price,
        SAFE_CAST(s.rec3_score AS FLOAT64) AS score, s.rec3_image AS image, s.rec3_pop_source AS tier
      ),
      STRUCT(
        4 AS slot, s.rec_part_4 AS sku, SAFE_CAST(s.rec4_price AS FLOAT64) AS price,
        SAFE_CAST(s.rec4_score AS FLOAT64) AS score, s.rec4_image AS image, s.rec4_pop_source AS tier
      )
    ] AS cells
  FROM sheet AS s
) AS a
CROSS JOIN UNNEST(a.cells) AS c
INNER JOIN people AS p ON p.row = a.row
WHERE c.sku IS NOT NULL
