// title: Two parts compared
// purpose: two parts side by side: what they are, what they fit, who bought them, and how one leads to the other
// mode: read
// params: $sku string        one part
//         $other_sku string  the other
// shows: table
// returns: what, one, other
OPTIONAL CALL () {
  MATCH (a:Product {sku: $sku}), (b:Product {sku: $other_sku})
  OPTIONAL MATCH (sync:Sync {id: 'graph'})
  WITH a, b, 'embedding_' + sync.live_slot AS embedding
  // without the last two coordinates (popularity and padding): likeness, not fame
  WITH a, b, [p IN [a, b] | p[embedding][..-2]] AS tastes
  WITH a, b, tastes,
       [p IN [a, b] | COUNT { (p)-[:FITS]->() }] AS fits,
       COUNT { (a)-[:FITS]->(:Vehicle)<-[:FITS]-(b) } AS shared,
       [p IN [a, b] | COUNT { (p)<-[:ORDERED]-() }] AS buyers,
       COUNT { (a)<-[:ORDERED]-(:User)-[:ORDERED]->(b) } AS bought_both,
       [p IN [a, b] | COUNT { (p)<-[:VIEWED]-() }] AS viewers,
       [coalesce(head([(a)-[c:CO_PURCHASED]->(b) | c.count]), 0),
        coalesce(head([(b)-[c:CO_PURCHASED]->(a) | c.count]), 0)] AS led,
       coalesce(head([(a)-[c:CO_VIEWED]-(b) | c.count]), 0) AS sessions,
       CASE WHEN all(taste IN tastes WHERE any(x IN taste WHERE x <> 0))
            THEN round(2 * vector.similarity.cosine(tastes[0], tastes[1]) - 1, 3) END AS likeness
  UNWIND [
    ['SKU', a.sku, b.sku],
    ['title', a.title, b.title],
    ['part type', a.part_type, b.part_type],
    ['brand', a.brand, b.brand],
    ['price', a.price, b.price],
    ['may be recommended', a.eligible, b.eligible],
    ['vehicles it fits', fits[0], fits[1]],
    ['vehicles both fit', shared, shared],
    ['people who bought it', buyers[0], buyers[1]],
    ['people who bought both', bought_both, bought_both],
    ['bought it first, the other later', led[0], led[1]],
    ['people who viewed it', viewers[0], viewers[1]],
    ['sessions with both', sessions, sessions],
    ['likeness by what was learned', likeness, likeness]
  ] AS row
  RETURN row[0] AS what, row[1] AS one, row[2] AS other
}
RETURN coalesce(what, 'not both ' + $sku + ' and ' + $other_sku + ' are parts in this graph') AS what, one, other
