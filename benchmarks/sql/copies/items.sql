-- purpose: other parts
-- params: $copies INT64
-- reads: raw
SELECT r.* REPLACE (IF(c.n = 0, r."PartNumber", 'Z' || c.n || trim(r."PartNumber")) AS "PartNumber")
FROM raw AS r, range($copies) AS c (n)
