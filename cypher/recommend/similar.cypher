// purpose: parts like a part: neighbours from the vector index, ordered by the exact cosine of what was learned
// mode: read
// params: $sku string          the part
//         $k integer           how many
//         $candidates integer  how many neighbours the index is asked for
// returns: sku, title, part_type, price, similarity, shared_vehicles, mixed, flipping
MATCH (a:Product {sku: $sku})
WHERE a.embedding IS NOT NULL
WITH a, head(COLLECT { MATCH (r:Release {state: 'live'}) RETURN r.number }) AS live
// without the last two coordinates (popularity and padding): likeness, not fame
WITH a, live, a.embedding[..-2] AS taste
WHERE any(x IN taste WHERE x <> 0)  // a vector without a direction is like no other
CALL db.index.vector.queryNodes('product_embedding', $candidates, taste + [0.0, 0.0]) YIELD node AS p
WHERE p <> a AND p.display_key <> a.display_key AND p.eligible
  AND any(x IN p.embedding[..-2] WHERE x <> 0)
WITH a, live, collect({p: p, similarity: 2 * vector.similarity.cosine(taste, p.embedding[..-2]) - 1}) AS candidates
// read last: vectors of two releases can have met while one went live, or may soon; then the statement is run again
MATCH (now:Sync {id: 'graph'})
WITH a, candidates, coalesce(now.flipping, false) AS flipping,
     any(c IN candidates WHERE c.p.embedding_release <> a.embedding_release) OR coalesce(live, 0) <> coalesce(head(COLLECT { MATCH (r:Release {state: 'live'}) RETURN r.number }), 0) AS mixed
UNWIND candidates AS candidate
WITH a, mixed, flipping, candidate.p AS p, candidate.similarity AS similarity
ORDER BY similarity DESC, p.sku
WITH a, mixed, flipping, p.display_key AS family, collect({p: p, similarity: similarity})[0] AS best
RETURN best.p.sku AS sku, best.p.title AS title, best.p.part_type AS part_type, best.p.price AS price,
       best.similarity AS similarity, COUNT { (a)-[:FITS]->(:Vehicle)<-[:FITS]-(q) WHERE q = best.p } AS shared_vehicles,
       coalesce(mixed, false) AS mixed, flipping
ORDER BY similarity DESC, sku
LIMIT $k
