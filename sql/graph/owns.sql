-- purpose: whose vehicle; a user needs an address, a year, a make and a model to own one
-- params: none
-- reads: clean_users
-- returns: user_id STRING, vehicle_id STRING, since INT64
SELECT u.user_id, CONCAT(CAST(u.year AS STRING), '|', u.make, '|', u.model) AS vehicle_id, u.since
FROM clean_users AS u
WHERE u.email IS NOT NULL AND u.year IS NOT NULL AND u.make IS NOT NULL AND u.model IS NOT NULL
ORDER BY u.user_id
