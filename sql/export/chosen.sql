-- purpose: what every owner of an export did with which product, under this user id alone
-- params: none
-- reads: owners, ordered, carted, viewed
-- returns: person INT64, row INT64, sku STRING, did STRING, at ARRAY<INT64>, last_at INT64
SELECT o.person, o.row, d.sku, d.did, d.at, d.last_at
FROM (
  SELECT b.user_id, b.sku, 'ordered' AS did, b.at, b.last_at FROM ordered AS b
  UNION ALL
  SELECT c.user_id, c.sku, 'carted', c.at, c.last_at FROM carted AS c
  UNION ALL
  SELECT v.user_id, v.sku, 'viewed', v.at, v.last_at FROM viewed AS v
) AS d
INNER JOIN owners AS o ON o.user_id = d.user_id
