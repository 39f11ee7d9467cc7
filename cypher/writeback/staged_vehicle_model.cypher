// purpose: how many vectors of VehicleModel are staged, how many of them have another length than they should
// mode: read
// params: $dim integer  the length
// returns: staged, wrong
MATCH (n:VehicleModel)
WHERE n.embedding_next IS NOT NULL
RETURN count(n) AS staged, count(CASE WHEN size(n.embedding_next) <> $dim THEN 1 END) AS wrong
