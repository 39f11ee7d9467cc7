// purpose: fitments that have no lift in a slot, packed by vehicle
// mode: read
// params: $slot string  a, b or c
// returns: key, skus
MATCH (v:Vehicle)<-[f:FITS]-(p:Product)
WHERE f['lift_' + $slot] IS NULL
RETURN v.vehicle_id AS key, collect(p.sku) AS skus
ORDER BY key
