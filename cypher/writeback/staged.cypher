// written by cypher/generate.py from templates/staged.template and holley_graph/graph/schema.py: edit those
// purpose: how many vectors of each table are in a slot, how many of them have another length than they should
// mode: read
// params: $slot string  a, b or c
//         $dim integer  the length
// returns: name, staged, wrong
MATCH (n:Product)
WITH n['embedding_' + $slot] AS vector
WHERE vector IS NOT NULL
WITH count(vector) AS staged, count(CASE WHEN size(vector) <> $dim THEN 1 END) AS wrong
RETURN 'product' AS name, staged, wrong
UNION ALL
MATCH (n:Product)
WITH n['embedding_anchor_' + $slot] AS vector
WHERE vector IS NOT NULL
WITH count(vector) AS staged, count(CASE WHEN size(vector) <> $dim THEN 1 END) AS wrong
RETURN 'product_anchor' AS name, staged, wrong
UNION ALL
MATCH (n:Vehicle)
WITH n['embedding_' + $slot] AS vector
WHERE vector IS NOT NULL
WITH count(vector) AS staged, count(CASE WHEN size(vector) <> $dim THEN 1 END) AS wrong
RETURN 'vehicle' AS name, staged, wrong
UNION ALL
MATCH (n:VehicleModel)
WITH n['embedding_' + $slot] AS vector
WHERE vector IS NOT NULL
WITH count(vector) AS staged, count(CASE WHEN size(vector) <> $dim THEN 1 END) AS wrong
RETURN 'vehicle_model' AS name, staged, wrong
UNION ALL
MATCH (n:Make)
WITH n['embedding_' + $slot] AS vector
WHERE vector IS NOT NULL
WITH count(vector) AS staged, count(CASE WHEN size(vector) <> $dim THEN 1 END) AS wrong
RETURN 'make' AS name, staged, wrong
UNION ALL
MATCH (n:User)
WITH n['embedding_' + $slot] AS vector
WHERE vector IS NOT NULL
WITH count(vector) AS staged, count(CASE WHEN size(vector) <> $dim THEN 1 END) AS wrong
RETURN 'user' AS name, staged, wrong
