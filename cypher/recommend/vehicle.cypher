// purpose: parts that fit a vehicle, best first; one colour of a part, few of one type
// mode: read
// params: $vehicle_id string        YEAR|MAKE|MODEL
//         $k integer                how many parts
//         $per_part_type integer    at most this many of one part type
// returns: sku, title, part_type, price, image_url, score, answered_by, vehicle_id
MATCH (v:Vehicle {vehicle_id: $vehicle_id})
OPTIONAL MATCH (release:Release {state: 'live'})
OPTIONAL MATCH (v)-[:OF_MODEL]->(model:VehicleModel)-[:MADE_BY]->(make:Make)
// who answers: the most specific vector there is
WITH v, release.product_norm AS norm,
     coalesce(v.embedding, model.embedding, make.embedding) AS q,
     CASE WHEN v.embedding IS NOT NULL THEN 'vehicle'
          WHEN model.embedding IS NOT NULL THEN 'segment'
          WHEN make.embedding IS NOT NULL THEN 'make' END AS tier
WITH *, norm * sqrt(reduce(s = 0.0, x IN q | s + x * x)) AS scale
MATCH (v)<-[:FITS]-(p:Product {eligible: true})
// the inner product: all product vectors have the same length, so cosine times both lengths
WITH v, p, tier, (2 * vector.similarity.cosine(q, p.embedding) - 1) * scale AS score
WITH v, p, score, CASE WHEN score IS NULL THEN 'global' ELSE tier END AS answered_by,
     CASE WHEN score IS NULL THEN COUNT { (p)<-[:ORDERED]-() } ELSE 0 END AS buyers
ORDER BY score IS NULL, score DESC, buyers DESC, p.sku
WITH v, p.display_key AS family, collect({p: p, score: score, buyers: buyers, answered_by: answered_by})[0] AS best
WITH v, best
ORDER BY best.score IS NULL, best.score DESC, best.buyers DESC, best.p.sku
WITH v, best.p.part_type AS part_type, collect(best)[..$per_part_type] AS kept
UNWIND kept AS row
RETURN row.p.sku AS sku, row.p.title AS title, part_type, row.p.price AS price, row.p.image_url AS image_url,
       row.score AS score, row.answered_by AS answered_by, v.vehicle_id AS vehicle_id
ORDER BY score IS NULL, score DESC, row.buyers DESC, sku
LIMIT $k
