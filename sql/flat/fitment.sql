-- purpose: what fits which vehicle, as raw rows of one year each
-- params: none
-- reads: list_fitment, years
-- returns: v1_year STRING, v1_make STRING, v1_model STRING, products ARRAY<STRUCT>
SELECT
  CAST(model_year AS STRING) AS v1_year,
  f.make AS v1_make,
  f.model AS v1_model,
  [STRUCT(f.sku AS product_number)] AS products
FROM list_fitment AS f
INNER JOIN years AS y
  ON y.year IS NOT DISTINCT FROM f.year
  AND y.year_from IS NOT DISTINCT FROM f.year_from
  AND y.year_to IS NOT DISTINCT FROM f.year_to
CROSS JOIN UNNEST(GENERATE_ARRAY(y.first, y.last)) AS model_year
WHERE y.first IS NOT NULL
