// purpose: make the staged vectors of VehicleModel live and keep the live ones as the previous
// mode: write
// params: none
// returns: none
MATCH (n:VehicleModel)
WHERE n.embedding IS NOT NULL OR n.embedding_next IS NOT NULL OR n.embedding_previous IS NOT NULL
WITH n, n.embedding AS live, n.embedding_next AS next
SET n.embedding_previous = live, n.embedding = next
REMOVE n.embedding_next
