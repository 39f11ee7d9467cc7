-- purpose: who is in which arm of a campaign, and which parts their rows have
-- params: none
-- reads: sheet
-- returns: email STRING, arm STRING, sku STRING, generated_at TIMESTAMP
SELECT LOWER(TRIM(s.email_lower)) AS email, s.arm, sku, SAFE_CAST(s.generated_at AS TIMESTAMP) AS generated_at
FROM sheet AS s
CROSS JOIN UNNEST([s.rec_part_1, s.rec_part_2, s.rec_part_3, s.rec_part_4]) AS sku
WHERE sku IS NOT NULL
