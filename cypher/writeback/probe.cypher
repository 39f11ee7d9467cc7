// purpose: what the product index of a slot finds for some query vectors, to hold against exact search
// mode: read
// params: $slot string                a, b or c
//         $queries list<list<float>>  query vectors
//         $k integer                  neighbours of each
// returns: found
UNWIND range(0, size($queries) - 1) AS i
CALL (i) {
  CALL db.index.vector.queryNodes('product_embedding_' + $slot, $k, $queries[i]) YIELD node
  RETURN collect(node.sku) AS found
}
RETURN found ORDER BY i
