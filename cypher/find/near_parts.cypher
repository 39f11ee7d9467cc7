// purpose: parts whose number, title or type is nearest to some words
// mode: read
// params: $words string  in the language of the full-text index
//         $k integer     how many
// returns: sku, title
CALL db.index.fulltext.queryNodes('part_search', $words, {limit: $k}) YIELD node AS p, score
RETURN p.sku AS sku, p.title AS title
ORDER BY score DESC, sku
