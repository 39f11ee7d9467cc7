-- purpose: what the live release says to each asker of every eligible part that fits
-- params: @as_of_s INT64             epoch seconds that the age of events counts to
--         @half_life_s FLOAT64       seconds after which an event of somebody's own history counts half
--         @gain FLOAT64              of the strength of events
--         @same_part FLOAT64         nats for a part of a base SKU that was viewed or carted
--         @same_type FLOAT64         the same for a part type
--         @same_type_ordered FLOAT64 the same for a part type that was ordered
--         @same_sku FLOAT64          the same for the very part that was viewed or carted
-- reads: askers, owners, vehicle, fits, product, embeddings, lift, chosen, buyers
-- returns: asker INT64, sku STRING, score FLOAT64, tier STRING, known BOOL
--
-- The score is the inner product of the most specific vector there is with the part's, plus the lift of the fitment,
-- plus what paths over the asker's own history add. A part without a vector comes after the others by its buyers.
WITH asked AS (
  SELECT o.row AS asker, o.user_id, o.vehicle_id, v.make, v.model
  FROM owners AS o
  INNER JOIN (SELECT DISTINCT a.asker FROM askers AS a) AS a ON a.asker = o.row
  INNER JOIN vehicle AS v ON v.vehicle_id = o.vehicle_id
),

queries AS (
  SELECT a.asker, e.kind AS tier, e.vector
  FROM asked AS a
  CROSS JOIN UNNEST([
    STRUCT(1 AS place, 'user' AS kind, a.user_id AS key),
    STRUCT(2 AS place, 'vehicle' AS kind, a.vehicle_id AS key),
    STRUCT(3 AS place, 'segment' AS kind, CONCAT(a.make, '|', a.model) AS key),
    STRUCT(4 AS place, 'make' AS kind, a.make AS key)
  ]) AS k
  INNER JOIN embeddings AS e ON e.kind = k.kind AND e.key = k.key
  QUALIFY ROW_NUMBER() OVER (PARTITION BY a.asker ORDER BY k.place) = 1
),

pairs AS (
  SELECT
    a.asker, p.sku, p.base_sku, p.part_type, q.tier,
    (
      SELECT SUM(x * y)
      FROM UNNEST(q.vector) AS x WITH OFFSET AS i
      INNER JOIN UNNEST(e.vector) AS y WITH OFFSET AS j ON i = j
    ) + COALESCE(l.lift, 0) AS score
  FROM asked AS a
  INNER JOIN fits AS f ON f.vehicle_id = a.vehicle_id
  INNER JOIN product AS p ON p.sku = f.sku
  LEFT JOIN queries AS q ON q.asker = a.asker
  LEFT JOIN embeddings AS e ON e.kind = 'product' AND e.key = p.sku
  LEFT JOIN lift AS l ON l.vehicle_id = a.vehicle_id AND l.sku = p.sku
  WHERE p.eligible
),

trail AS (
  SELECT
    c.row AS asker, p.sku, p.base_sku, p.part_type, c.did = 'ordered' AS ordered,
    (SELECT SUM(POW(2, (t - @as_of_s) / @half_life_s)) FROM UNNEST(c.at) AS t) AS strength
  FROM chosen AS c
  INNER JOIN product AS p ON p.sku = c.sku
),

base_skus AS (
  SELECT t.asker, t.base_sku, SUM(t.strength) AS strength
  FROM trail AS t
  WHERE NOT t.ordered
  GROUP BY t.asker, t.base_sku
),

part_types AS (
  SELECT
    t.asker, t.part_type,
    SUM(IF(t.ordered, NULL, t.strength)) AS strength,
    SUM(IF(t.ordered, t.strength, NULL)) AS of_orders
  FROM trail AS t
  GROUP BY t.asker, t.part_type
),

skus AS (
  SELECT t.asker, t.sku, SUM(t.strength) AS strength
  FROM trail AS t
  WHERE NOT t.ordered
  GROUP BY t.asker, t.sku
),

scores AS (
  SELECT
    p.asker, p.sku, p.tier,
    p.score
    + @same_part * LN(1 + @gain * COALESCE(b.strength, 0))
    + @same_type * LN(1 + @gain * COALESCE(t.strength, 0))
    + @same_type_ordered * LN(1 + @gain * COALESCE(t.of_orders, 0))
    + @same_sku * LN(1 + @gain * COALESCE(s.strength, 0)) AS score
  FROM pairs AS p
  LEFT JOIN base_skus AS b ON b.asker = p.asker AND b.base_sku = p.base_sku
  LEFT JOIN part_types AS t ON t.asker = p.asker AND t.part_type = p.part_type
  LEFT JOIN skus AS s ON s.asker = p.asker AND s.sku = p.sku
)

SELECT
  s.asker,
  s.sku,
  COALESCE(
    s.score, COALESCE(MIN(s.score) OVER (PARTITION BY s.asker), 0) - 1 / (1 + COALESCE(b.buyers, 0))
  ) AS score,
  IF(s.score IS NULL, 'global', s.tier) AS tier,
  s.score IS NOT NULL AS known
FROM scores AS s
LEFT JOIN buyers AS b ON b.make IS NULL AND b.sku = s.sku
