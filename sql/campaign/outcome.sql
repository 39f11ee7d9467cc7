-- purpose: what came of a campaign, per arm: whom it reached, who clicked, who ordered, and who ordered what was sent
-- params: @from_us INT64        epoch microseconds; the campaign was sent from then on
--         @until_us INT64       epoch microseconds; nothing from then on counts
--         @scanner_us INT64     a click within so many microseconds of sending is a link scanner's
--         @scanner_links INT64  so many of a person's clicks within two seconds of each other are, too
--         @invisible STRING     pattern of characters that nobody sees
--         @blank STRING         pattern of a run of white space
--         @mention STRING       pattern of whatever may be an address
--         @inner_pad BYTES      HMAC key xor 0x36
--         @outer_pad BYTES      HMAC key xor 0x5c
-- reads: sent_slots, treatments, clean_users, clean_events, clean_orders
-- returns: arm STRING, people INT64, sent INT64, not_live INT64, scanned INT64, clicked INT64, ordered INT64,
--          ordered_sent INT64
--
-- An export names people by address, so a mail tool may do so, too. A name is first taken for a user id: one that may
-- be an address is a hash in the clean tables.
WITH named AS (
  SELECT
    TRIM(REGEXP_REPLACE(NORMALIZE(REGEXP_REPLACE(t.user_id, @invisible, ''), NFKC), @blank, ' ')) AS name,
    UPPER(t.mode) AS mode,
    UNIX_MICROS(t.sent_at) AS sent_us,
    UNIX_MICROS(t.clicked_at) AS clicked_us
  FROM treatments AS t
  WHERE UNIX_MICROS(t.sent_at) >= @from_us AND UNIX_MICROS(t.sent_at) < @until_us
),

ids AS (
  SELECT
    IF(
      REGEXP_CONTAINS(n.name, @mention),
      CONCAT(
        'hashed:', TO_HEX(SHA256(CONCAT(@outer_pad, SHA256(CONCAT(@inner_pad, CAST(LOWER(n.name) AS BYTES))))))
      ),
      n.name
    ) AS user_id,
    LOWER(n.name) AS address, n.mode, n.sent_us, n.clicked_us
  FROM named AS n
),

addresses AS (
  SELECT DISTINCT u.email FROM clean_users AS u
),

windowed AS (
  SELECT COALESCE(u.email, a.email) AS email, i.mode, i.sent_us, i.clicked_us
  FROM ids AS i
  LEFT JOIN clean_users AS u ON u.user_id = i.user_id
  LEFT JOIN addresses AS a ON a.email = i.address
  WHERE u.email IS NOT NULL OR a.email IS NOT NULL
),

-- A mail filter opens every link at once, and at once after the mail came in; people do neither.
clicks AS (
  SELECT
    w.email,
    w.clicked_us - w.sent_us < @scanner_us
    OR COUNT(*) OVER (
      PARTITION BY w.email ORDER BY w.clicked_us RANGE BETWEEN 2000000 PRECEDING AND 2000000 FOLLOWING
    ) >= @scanner_links AS scanned
  FROM windowed AS w
  WHERE w.mode = 'LIVE' AND w.clicked_us < @until_us
),

reached AS (
  SELECT
    w.email,
    LOGICAL_OR(w.mode = 'LIVE') AS sent,
    LOGICAL_OR(COALESCE(w.mode, '') <> 'LIVE') AS not_live
  FROM windowed AS w
  GROUP BY w.email
),

clicked AS (
  SELECT c.email, LOGICAL_OR(NOT c.scanned) AS clicked, LOGICAL_OR(c.scanned) AS scanned
  FROM clicks AS c
  GROUP BY c.email
),

purchases AS (
  SELECT u.email, REGEXP_REPLACE(e.sku, r'([0-9])[BRGP]$', r'\1') AS base_sku
  FROM clean_events AS e
  CROSS JOIN UNNEST(e.at) AS t
  INNER JOIN clean_users AS u ON u.user_id = e.user_id
  WHERE e.kind = 'ORDERED' AND t * 1000000 >= @from_us AND t * 1000000 < @until_us
  UNION DISTINCT
  SELECT o.email, REGEXP_REPLACE(o.sku, r'([0-9])[BRGP]$', r'\1')
  FROM clean_orders AS o
  WHERE o.last_at * 1000000 >= @from_us AND o.last_at * 1000000 < @until_us
),

buyers AS (
  SELECT p.email, LOGICAL_OR(s.sku IS NOT NULL) AS what_was_sent
  FROM purchases AS p
  LEFT JOIN sent_slots AS s ON s.email = p.email AND REGEXP_REPLACE(s.sku, r'([0-9])[BRGP]$', r'\1') = p.base_sku
  GROUP BY p.email
),

-- A person with two vehicles has two rows and one arm.
persons AS (
  SELECT s.email, MIN(s.arm) AS arm FROM sent_slots AS s GROUP BY s.email
)

SELECT
  p.arm,
  COUNT(*) AS people,
  CAST(COUNTIF(COALESCE(r.sent, FALSE)) AS INT64) AS sent,
  CAST(COUNTIF(COALESCE(r.not_live, FALSE)) AS INT64) AS not_live,
  CAST(COUNTIF(COALESCE(c.scanned, FALSE)) AS INT64) AS scanned,
  CAST(COUNTIF(COALESCE(c.clicked, FALSE)) AS INT64) AS clicked,
  CAST(COUNTIF(b.email IS NOT NULL) AS INT64) AS ordered,
  CAST(COUNTIF(COALESCE(b.what_was_sent, FALSE)) AS INT64) AS ordered_sent
FROM persons AS p
LEFT JOIN reached AS r ON r.email = p.email
LEFT JOIN clicked AS c ON c.email = p.email
LEFT JOIN buyers AS b ON b.email = p.email
GROUP BY p.arm
ORDER BY p.arm
