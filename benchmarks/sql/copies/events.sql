-- purpose: events of other users, about other parts
-- params: $copies INT64
-- reads: raw
SELECT
  r.* REPLACE (
    IF(c.n = 0, r.user_id, c.n || '-' || trim(r.user_id)) AS user_id,
    list_transform(
      r.event_properties,
      lambda p: IF(
        c.n > 0 AND regexp_matches(lower(p.property_name), 'product_?id'),
        struct_update(
          p, string_value := 'Z' || c.n || coalesce(trim(p.string_value), p.long_value::VARCHAR), long_value := NULL::BIGINT
        ),
        p
      )
    ) AS event_properties
  )
FROM raw AS r, range($copies) AS c (n)
