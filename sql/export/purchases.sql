-- purpose: what every person of an export ever bought, under any user id of the address, and which of it lately
-- params: @from_s INT64 epoch seconds; older purchases may be recommended again
-- reads: owners, ordered, clean_users, product
-- returns: person INT64, sku STRING, base_sku STRING, lately BOOL
WITH people AS (
  SELECT DISTINCT o.email, o.person FROM owners AS o
)

SELECT p.person, b.sku, s.base_sku, MAX(b.last_at) >= @from_s AS lately
FROM ordered AS b
INNER JOIN clean_users AS u ON u.user_id = b.user_id
INNER JOIN people AS p ON p.email = u.email
INNER JOIN product AS s ON s.sku = b.sku
GROUP BY p.person, b.sku, s.base_sku
