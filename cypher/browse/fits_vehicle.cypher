// title: Everything that fits a vehicle
// purpose: what fits a vehicle, by part type: how much of it may be recommended, at which prices, and which SKUs
// mode: read
// params: $vehicle_id string  YEAR|MAKE|MODEL
// defaults: {"vehicle_id": "1969|CHEVROLET|CAMARO"}
// shows: table
// returns: part_type, parts, eligible, price_from, price_to, skus
MATCH (v:Vehicle {vehicle_id: $vehicle_id})<-[:FITS]-(p:Product)
WITH p ORDER BY p.sku
WITH p.part_type AS part_type, collect(p) AS found
RETURN part_type, size(found) AS parts, size([p IN found WHERE p.eligible]) AS eligible,
       reduce(low = null, p IN found | CASE WHEN low <= p.price THEN low ELSE coalesce(p.price, low) END) AS price_from,
       reduce(high = null, p IN found | CASE WHEN high >= p.price THEN high ELSE coalesce(p.price, high) END) AS price_to,
       [p IN found | p.sku] AS skus
ORDER BY eligible DESC, parts DESC, part_type
