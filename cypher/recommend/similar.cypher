// written by cypher/generate.py from templates/recommend/similar.template and cypher/templates/passages: edit those
// purpose: what could take the place of a part: of the same part type, fitting a vehicle that it fits, by who views both
// mode: read
// params: $sku string          the part
//         $k integer           how many
//         $candidates integer  how many neighbours the index is asked for where a part type is not known
//         $rules maps               marketing's rules that hold today; [] for none
// returns: sku, title, part_type, price, image_url, score, sessions, shared_vehicles, reason
MATCH (a:Product {sku: $sku})
MATCH (sync:Sync {id: 'graph'})
// the slot is read once: whatever goes live meanwhile, all vectors are of this release
WITH a, sync.live_slot AS slot, COUNT { (a)-[:FITS]->(:Vehicle) } AS vehicles, a.part_type <> 'UNKNOWN' AS typed
WITH a, slot, vehicles, typed, 'embedding_' + slot AS embedding
// without the last two coordinates (popularity and padding): likeness, not fame
WITH a, slot, vehicles, typed, embedding, a[embedding][..-2] AS learned
// a vector of nothing but zeros has no direction, and so is like no other
WITH a, slot, vehicles, typed, embedding, CASE WHEN any(x IN learned WHERE x <> 0) THEN learned END AS taste
CALL (a, slot, vehicles, typed, taste) {
  WITH a, vehicles, typed WHERE typed AND vehicles > 0
  MATCH (a)-[:FITS]->(:Vehicle)<-[:FITS]-(p:Product)
  WHERE p.part_type = a.part_type
  RETURN p, count(*) AS shared_vehicles
  UNION
  // it fits no vehicle, or the graph has none: its part type alone says what could take its place
  WITH a, vehicles, typed WHERE typed AND vehicles = 0
  MATCH (a)-[:OF_TYPE]->(:PartType)<-[:OF_TYPE]-(p:Product)
  RETURN p, 0 AS shared_vehicles
  UNION
  // parts of unknown type need not be alike: views and vectors say which are
  WITH a, vehicles, typed WHERE NOT typed
  MATCH (a)-[:CO_VIEWED]-(p:Product)
  WITH a, vehicles, p, COUNT { (a)-[:FITS]->(:Vehicle)<-[:FITS]-(q) WHERE q = p } AS shared_vehicles
  WHERE shared_vehicles > 0 OR vehicles = 0
  RETURN p, shared_vehicles
  UNION
  WITH a, slot, vehicles, typed, taste WHERE NOT typed AND taste IS NOT NULL
  CALL db.index.vector.queryNodes('product_embedding_' + slot, $candidates, taste + [0.0, 0.0]) YIELD node AS p
  WITH a, vehicles, p, COUNT { (a)-[:FITS]->(:Vehicle)<-[:FITS]-(q) WHERE q = p } AS shared_vehicles
  WHERE shared_vehicles > 0 OR vehicles = 0
  RETURN p, shared_vehicles
}
WITH a, vehicles, taste, embedding, p, shared_vehicles, p[embedding][..-2] AS other
WHERE p <> a AND p.display_key <> a.display_key AND p.eligible
  AND none(r IN $rules WHERE r.do = 'exclude' AND (r.sku = [] OR p.sku IN r.sku) AND (r.brand = [] OR toLower(coalesce(p.brand, '')) IN r.brand)
    AND (r.part_type = [] OR toLower(p.part_type) IN r.part_type)
    AND (r.price_from IS NULL OR coalesce(p.price >= r.price_from, false))
    AND (r.price_below IS NULL OR coalesce(p.price < r.price_below, false))
    AND r.make = [] AND r.vehicle = [])
OPTIONAL MATCH (a)-[seen:CO_VIEWED]-(p)
// sessions in which both were viewed, and how many to expect of parts that few have viewed yet: a twentieth of those
// who viewed the other part, as far as it fits what this one fits; without vehicles, two for the same direction.
// The answer changes little between a fiftieth and a fifth, or one and five (docs/experiments.md).
WITH p, vehicles, shared_vehicles, coalesce(seen.count, 0) AS sessions,
     CASE WHEN vehicles > 0 THEN 0.05 * shared_vehicles / COUNT { (p)-[:FITS]->(:Vehicle) } * (COUNT { (p)<-[:VIEWED]-(:User) } + 1)
          WHEN taste IS NULL OR other IS NULL OR all(x IN other WHERE x = 0) THEN 0.0
          ELSE 2 * (2 * vector.similarity.cosine(taste, other) - 1) END AS expected
WITH p, vehicles, shared_vehicles, sessions, sessions + expected AS score
ORDER BY score DESC, p.sku
WITH vehicles, p.display_key AS family,
     collect({p: p, shared: shared_vehicles, sessions: sessions, score: score})[0] AS best
RETURN best.p.sku AS sku, best.p.title AS title, best.p.part_type AS part_type, best.p.price AS price,
       best.p.image_url AS image_url, best.score AS score, best.sessions AS sessions,
       best.shared AS shared_vehicles,
       CASE WHEN vehicles > 0 THEN 'fits ' + best.shared + ' of its ' + vehicles + ' vehicles'
            WHEN best.p.part_type <> 'UNKNOWN' THEN 'of the same part type' ELSE 'by what was learned' END +
       CASE best.sessions WHEN 0 THEN '' WHEN 1 THEN ', viewed with it in 1 session'
            ELSE ', viewed with it in ' + best.sessions + ' sessions' END AS reason
ORDER BY score DESC, sku
LIMIT $k
