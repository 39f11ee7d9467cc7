-- purpose: other parts that fit the same vehicles
-- params: $copies INT64
-- reads: raw
SELECT
  r.* REPLACE (
    list_transform(
      r.products,
      lambda p: IF(c.n = 0, p, struct_pack(product_number := 'Z' || c.n || trim(p.product_number)))
    ) AS products
  )
FROM raw AS r, range($copies) AS c (n)
