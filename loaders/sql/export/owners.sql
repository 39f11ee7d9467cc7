-- purpose: everybody with a vehicle in the order of an export: by vehicle, address and user id
-- params: @user_id STRING nobody but this user; NULL: everybody
-- reads: owns, user, clean_users, vectors
-- returns: row INT64, person INT64, vehicle_id STRING, email STRING, user_id STRING, engagement_tier STRING,
--          vector INT64
--
-- `person` numbers addresses at vehicles: all user ids of one stand together. `vector` is the row of the user's own.
SELECT
  ROW_NUMBER() OVER (ORDER BY o.vehicle_id, c.email, o.user_id) - 1 AS row,
  DENSE_RANK() OVER (ORDER BY o.vehicle_id, c.email) - 1 AS person,
  o.vehicle_id,
  c.email,
  o.user_id,
  u.engagement_tier,
  COALESCE(v.row, -1) AS vector
FROM owns AS o
INNER JOIN clean_users AS c ON c.user_id = o.user_id
INNER JOIN user AS u ON u.user_id = o.user_id
LEFT JOIN vectors AS v ON v.key = o.user_id
WHERE CAST(@user_id AS STRING) IS NULL OR o.user_id = @user_id
ORDER BY row
