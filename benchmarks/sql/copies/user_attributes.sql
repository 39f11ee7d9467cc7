-- purpose: users under other ids and addresses, of the same vehicles
-- params: $copies INT64
-- reads: raw
SELECT
  r.* REPLACE (
    IF(c.n = 0, r.user_id, c.n || '-' || trim(r.user_id)) AS user_id,
    list_transform(
      r.user_properties,
      lambda p: IF(
        c.n > 0 AND contains(lower(p.property_name), 'email'),
        struct_update(p, string_value := c.n || '.' || nullif(trim(p.string_value), '')), p
      )
    ) AS user_properties
  )
FROM raw AS r, range($copies) AS c (n)
