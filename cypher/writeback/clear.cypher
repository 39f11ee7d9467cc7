// purpose: remove all vectors from a slot
// mode: auto
// params: $slot string  a, b or c
// returns: none
WITH 'embedding_' + $slot AS embedding, 'embedding_source_' + $slot AS source
MATCH (n:User|Vehicle|VehicleModel|Make|Product)
WHERE n[embedding] IS NOT NULL OR n[source] IS NOT NULL
CALL (n, embedding, source) {
  SET n[embedding] = null, n[source] = null
} IN TRANSACTIONS OF 10000 ROWS
