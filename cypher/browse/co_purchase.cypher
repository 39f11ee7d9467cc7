// title: What is bought with a part
// purpose: the co-purchase neighbourhood of a part: what is bought after it, and before it, most people first
// mode: read
// params: $sku string  the part
//         $k integer   how many neighbours in each direction
// defaults: {"k": 8}
// shows: graph
// returns: path
OPTIONAL CALL () {
  MATCH (a:Product {sku: $sku})
  CALL (a) {
    MATCH path = (a)-[c:CO_PURCHASED]->(p)
    RETURN path, c, p ORDER BY c.count DESC, c.weight DESC, p.sku LIMIT $k
    UNION
    MATCH path = (p)-[c:CO_PURCHASED]->(a)
    RETURN path, c, p ORDER BY c.count DESC, c.weight DESC, p.sku LIMIT $k
  }
  RETURN path
}
RETURN coalesce(path, 'no part ' + $sku + ' in this graph that was bought with another') AS path
