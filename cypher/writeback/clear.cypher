// purpose: remove all vectors from a slot
// mode: auto
// params: $slot string  a, b or c
// returns: none
WITH 'embedding_' + $slot AS embedding, 'embedding_anchor_' + $slot AS anchor
MATCH (n:User|Vehicle|VehicleModel|Make|Product)
WHERE n[embedding] IS NOT NULL OR n[anchor] IS NOT NULL
CALL (n, embedding, anchor) {
  SET n[embedding] = null, n[anchor] = null
} IN TRANSACTIONS OF 10000 ROWS
