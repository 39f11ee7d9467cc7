-- purpose: order lines with what stands on another line of the same order alone, and what becomes of each
-- params: none
-- reads: list_orders, list_users, moments
-- returns: file STRING, line INT64, order_id STRING, date STRING, at TIMESTAMP, day DATE, sku STRING, email STRING,
--          user_id STRING, title STRING, price STRING, fate STRING
--
-- A shop's export has one row per line of an order, and some say the customer on the first row only. A line is
-- `kept`, or not: `cancelled`, `returned` (nothing or less of it), `bad_date`, `no_item`, `no_email`. Where no line has
-- an email, a line without a customer belongs to its order: a basket still says what is bought together.
WITH numbered AS (
  SELECT
    o.file, o.line, o.sku, o.title, o.price, o.quantity,
    NULLIF(TRIM(o.order_id), '') AS order_id,
    COALESCE(NULLIF(TRIM(o.order_id), ''), CONCAT(o.file, ' ', CAST(o.line AS STRING))) AS one_order,
    NULLIF(TRIM(o.date), '') AS own_date,
    NULLIF(TRIM(o.email), '') AS own_email,
    NULLIF(TRIM(o.user_id), '') AS own_user,
    NULLIF(LOWER(TRIM(o.status)), '') AS own_status,
    NULLIF(TRIM(o.cancelled_at), '') AS own_cancelled
  FROM list_orders AS o
),

filled AS (
  SELECT
    n.file, n.line, n.order_id, n.sku, n.title, n.price, n.quantity,
    COALESCE(n.own_date, MIN(n.own_date) OVER (PARTITION BY n.one_order)) AS date,
    COALESCE(n.own_email, MIN(n.own_email) OVER (PARTITION BY n.one_order)) AS email,
    COALESCE(n.own_user, MIN(n.own_user) OVER (PARTITION BY n.one_order)) AS user_id,
    COALESCE(n.own_status, MIN(n.own_status) OVER (PARTITION BY n.one_order)) AS status,
    COALESCE(n.own_cancelled, MIN(n.own_cancelled) OVER (PARTITION BY n.one_order)) AS cancelled
  FROM numbered AS n
),

addresses AS (
  SELECT TRIM(u.user_id) AS user_id, MIN(TRIM(u.email)) AS email
  FROM list_users AS u
  WHERE TRIM(u.user_id) <> '' AND TRIM(u.email) <> ''
  GROUP BY TRIM(u.user_id)
),

known AS (
  SELECT
    f.file, f.line, f.order_id, f.date, m.at, m.day, f.sku, f.title, f.price, f.quantity, f.status, f.cancelled,
    COALESCE(f.email, a.email) AS email,
    COUNT(COALESCE(f.email, a.email)) OVER () > 0 AS has_emails,
    f.user_id
  FROM filled AS f
  LEFT JOIN moments AS m ON m.text = f.date
  LEFT JOIN addresses AS a ON a.user_id = f.user_id
)

SELECT
  k.file, k.line, k.order_id, k.date, k.at, k.day, k.sku, k.email,
  COALESCE(k.user_id, IF(k.has_emails, NULL, CONCAT('order:', k.order_id))) AS user_id,
  k.title, k.price,
  CASE
    WHEN k.cancelled IS NOT NULL OR REGEXP_CONTAINS(k.status, r'^(?:wc-)?(?:cancel|void|refund|fail|declin|expire)')
      THEN 'cancelled'
    WHEN SAFE_CAST(REPLACE(k.quantity, ',', '.') AS FLOAT64) <= 0 THEN 'returned'
    WHEN k.day IS NULL THEN 'bad_date'
    WHEN COALESCE(TRIM(k.sku), '') = '' THEN 'no_item'
    WHEN k.email IS NULL AND k.user_id IS NULL AND (k.has_emails OR k.order_id IS NULL) THEN 'no_email'
    ELSE 'kept'
  END AS fate
FROM known AS k
