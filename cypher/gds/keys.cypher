// purpose: the external keys of nodes that GDS names by internal ids
// mode: read
// params: $ids list<integer>  internal ids
// returns: id integer, key string
UNWIND $ids AS wanted
MATCH (n) WHERE id(n) = wanted
RETURN wanted AS id, coalesce(n.sku, n.vehicle_id, n.user_id, n.model_id, n.name) AS key
