// title: Everything that fits a vehicle
// purpose: what fits a vehicle, by part type: how much of it may be recommended, at which prices, and which parts
// mode: read
// params: $vehicle_id string  YEAR|MAKE|MODEL
// shows: table
// returns: part_type, parts, eligible, price_from, price_to, listed
OPTIONAL CALL () {
  MATCH (:Vehicle {vehicle_id: $vehicle_id})<-[:FITS]-(p:Product)
  WITH p ORDER BY p.sku
  WITH p.part_type AS part_type, collect(p) AS parts
  RETURN part_type, size(parts) AS parts, size([p IN parts WHERE p.eligible]) AS eligible,
         reduce(low = null, p IN parts | CASE WHEN low <= p.price THEN low ELSE coalesce(p.price, low) END) AS price_from,
         reduce(high = null, p IN parts | CASE WHEN high >= p.price THEN high ELSE coalesce(p.price, high) END) AS price_to,
         [p IN parts | p.sku + coalesce(' ' + p.title, '')] AS listed
}
RETURN coalesce(part_type, 'no vehicle ' + $vehicle_id + ' in this graph that a part fits') AS part_type, parts, eligible,
       price_from, price_to, listed
ORDER BY eligible DESC, parts DESC, part_type
