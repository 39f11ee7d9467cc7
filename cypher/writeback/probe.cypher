// purpose: what the index finds for some query vectors, to hold against exact search
// mode: read
// params: $queries list<list<float>>  query vectors
//         $k integer                  neighbours of each
// returns: found
UNWIND range(0, size($queries) - 1) AS i
CALL (i) {
  CALL db.index.vector.queryNodes('product_embedding_next', $k, $queries[i]) YIELD node
  RETURN collect(node.sku) AS found
}
RETURN found ORDER BY i
