-- purpose: rejected rows that do not name anybody who was forgotten
-- params: none
-- reads: rejected, gone_users, gone_emails
-- returns: reason STRING, value STRING, source_row STRING, email STRING
SELECT r.reason, r.value, r.source_row, r.email
FROM rejected AS r
LEFT JOIN gone_users AS u ON u.name = JSON_EXTRACT_SCALAR(r.source_row, '$.user_id')
LEFT JOIN gone_emails AS e ON e.name = r.email
WHERE u.name IS NULL AND e.name IS NULL
