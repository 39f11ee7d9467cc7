// written by cypher/generate.py from templates/missing.template and holley_graph/graph/schema.py: edit those
// purpose: nodes that have no vector in a slot, by table; people aside, who are answered by their vehicle's
// mode: read
// params: $slot string  a, b or c
// returns: name, keys
MATCH (n:Product)
WHERE n['embedding_' + $slot] IS NULL
WITH collect(n.sku) AS keys
RETURN 'product' AS name, keys
UNION ALL
MATCH (n:Product)
WHERE n['embedding_anchor_' + $slot] IS NULL
WITH collect(n.sku) AS keys
RETURN 'product_anchor' AS name, keys
UNION ALL
MATCH (n:Vehicle)
WHERE n['embedding_' + $slot] IS NULL
WITH collect(n.vehicle_id) AS keys
RETURN 'vehicle' AS name, keys
UNION ALL
MATCH (n:VehicleModel)
WHERE n['embedding_' + $slot] IS NULL
WITH collect(n.model_id) AS keys
RETURN 'vehicle_model' AS name, keys
UNION ALL
MATCH (n:Make)
WHERE n['embedding_' + $slot] IS NULL
WITH collect(n.name) AS keys
RETURN 'make' AS name, keys
