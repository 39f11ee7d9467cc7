-- purpose: what every person of an export bought lately, under any user id of the address and in any colour
-- params: @from_s INT64 epoch seconds; older purchases may be recommended again
-- reads: owners, ordered, clean_users, product
-- returns: person INT64, base_sku STRING
WITH people AS (
  SELECT DISTINCT o.email, o.person FROM owners AS o
)

SELECT DISTINCT p.person, s.base_sku
FROM ordered AS b
INNER JOIN clean_users AS u ON u.user_id = b.user_id
INNER JOIN people AS p ON p.email = u.email
INNER JOIN product AS s ON s.sku = b.sku
WHERE b.last_at >= @from_s
ORDER BY p.person, s.base_sku
