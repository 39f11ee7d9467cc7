// title: Owners alike
// purpose: the users most like a user by what was learned, what they drive and what they bought last
// mode: read
// params: $user_id string      to whom
//         $k integer           how many
//         $candidates integer  how many neighbours the index is asked for
// defaults: {"k": 15, "candidates": 50}
// shows: table
// returns: user_id, drives, likeness, viewed, ordered, bought_last
OPTIONAL CALL () {
  MATCH (u:User {user_id: $user_id})-[:OWNS]->(v:Vehicle), (sync:Sync {id: 'graph'})
  WITH u, sync.live_slot AS slot, 'embedding_' + sync.live_slot AS embedding,
       // without the last two coordinates (popularity and padding): likeness, not fame
       coalesce(u['embedding_' + sync.live_slot], v['embedding_' + sync.live_slot])[..-2] AS taste
  // a vector of nothing but zeros has no direction, and so is like nobody
  WHERE any(x IN taste WHERE x <> 0)
  CALL db.index.vector.queryNodes('user_embedding_' + slot, $candidates, taste + [0.0, 0.0]) YIELD node AS other
  WHERE other <> u AND coalesce(other.email_hash <> u.email_hash, true) AND any(x IN other[embedding][..-2] WHERE x <> 0)
  WITH other, 2 * vector.similarity.cosine(taste, other[embedding][..-2]) - 1 AS likeness
  ORDER BY likeness DESC, other.user_id
  LIMIT $k
  RETURN other.user_id AS user_id, other.drives AS drives, round(likeness, 3) AS likeness,
         COUNT { (other)-[:VIEWED]->() } AS viewed, COUNT { (other)-[:ORDERED]->() } AS ordered,
         COLLECT {
           MATCH (other)-[o:ORDERED]->(p:Product)
           RETURN p.sku + coalesce(' ' + p.title, '') ORDER BY o.last_at DESC, p.sku LIMIT 3
         } AS bought_last
}
RETURN coalesce(user_id, 'no owner ' + $user_id + ' in this graph of whom a vector knows something') AS user_id, drives,
       likeness, viewed, ordered, bought_last
ORDER BY likeness DESC, user_id
