-- purpose: everybody with a vehicle, numbered in the order of an export: by vehicle, address and user id
-- params: @user_id STRING       nobody but this user; NULL: everybody
--         @one_per_email BOOL   of an address with several vehicles only those who own the chosen one
--         @min_products INT64 eligible products that a vehicle needs before it is chosen
-- reads: owns, user, clean_users, vectors, fits, product
-- returns: row INT64, person INT64, vehicle_id STRING, email STRING, user_id STRING, engagement_tier STRING,
--          vector INT64
--
-- `person` numbers addresses at vehicles: all user ids of one stand together. `vector` is the row of the user's own.
-- The chosen vehicle of an address is the one that it told last, among those that enough fits; then the smaller id.
WITH owned AS (
  SELECT o.vehicle_id, c.email, o.user_id, o.since
  FROM owns AS o
  INNER JOIN clean_users AS c ON c.user_id = o.user_id
),

choice AS (
  SELECT f.vehicle_id
  FROM fits AS f
  INNER JOIN product AS p ON p.sku = f.sku
  WHERE p.eligible
  GROUP BY f.vehicle_id
  HAVING COUNT(*) >= @min_products
),

chosen AS (
  SELECT o.email, o.vehicle_id
  FROM owned AS o
  LEFT JOIN choice AS f ON f.vehicle_id = o.vehicle_id
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY o.email ORDER BY f.vehicle_id IS NULL, o.since DESC, o.vehicle_id
  ) = 1
),

wanted AS (
  SELECT o.vehicle_id, o.email, o.user_id
  FROM owned AS o
  LEFT JOIN chosen AS c ON c.email = o.email AND c.vehicle_id = o.vehicle_id
  WHERE
    (CAST(@user_id AS STRING) IS NULL OR o.user_id = @user_id)
    AND (NOT @one_per_email OR c.email IS NOT NULL)
),

-- Numbers run on from vehicle to vehicle: one window over everybody would be sorted by a single worker.
sizes AS (
  SELECT w.vehicle_id, COUNT(*) AS owners, COUNT(DISTINCT w.email) AS people
  FROM wanted AS w
  GROUP BY w.vehicle_id
),

starts AS (
  SELECT
    s.vehicle_id,
    SUM(s.owners) OVER (ORDER BY s.vehicle_id) - s.owners AS first_row,
    SUM(s.people) OVER (ORDER BY s.vehicle_id) - s.people AS first_person
  FROM sizes AS s
)

SELECT
  CAST(s.first_row + ROW_NUMBER() OVER (PARTITION BY w.vehicle_id ORDER BY w.email, w.user_id) - 1 AS INT64) AS row,
  CAST(s.first_person + DENSE_RANK() OVER (PARTITION BY w.vehicle_id ORDER BY w.email) - 1 AS INT64) AS person,
  w.vehicle_id,
  w.email,
  w.user_id,
  u.engagement_tier,
  COALESCE(v.row, -1) AS vector
FROM wanted AS w
INNER JOIN starts AS s ON s.vehicle_id = w.vehicle_id
INNER JOIN user AS u ON u.user_id = w.user_id
LEFT JOIN vectors AS v ON v.key = w.user_id
