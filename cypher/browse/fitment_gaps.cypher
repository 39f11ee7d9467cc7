// title: Fitment gaps
// purpose: vehicles that many own and for which little may be recommended, and what keeps the rest of the parts out
// mode: read
// params: $least_owners integer   leave out vehicles with fewer owners
//         $most_eligible integer  leave out vehicles with more eligible parts
//         $k integer              how many vehicles
// defaults: {"least_owners": 1, "most_eligible": 20, "k": 25}
// shows: table
// returns: vehicle_id, owners, eligible, fitting, refurbished, without_image, without_price, otherwise_out
OPTIONAL CALL () {
  MATCH (v:Vehicle)
  WITH v, COUNT { (v)<-[:OWNS]-() } AS owners
  WHERE owners >= $least_owners
  WITH v, owners, COUNT { (v)<-[:FITS]-(:Product {eligible: true}) } AS eligible
  WHERE eligible <= $most_eligible
  ORDER BY owners DESC, eligible, v.vehicle_id
  LIMIT $k
  WITH v, owners, eligible, COLLECT { MATCH (v)<-[:FITS]-(p:Product) WHERE NOT p.eligible RETURN p } AS out
  WITH v, owners, eligible, size(out) AS kept_out, size([p IN out WHERE p.refurbished]) AS refurbished,
       size([p IN out WHERE NOT p.refurbished AND p.image_url IS NULL]) AS without_image,
       size([p IN out WHERE NOT p.refurbished AND p.image_url IS NOT NULL AND p.price IS NULL]) AS without_price
  RETURN v.vehicle_id AS vehicle_id, owners, eligible, eligible + kept_out AS fitting, refurbished, without_image,
         without_price, kept_out - refurbished - without_image - without_price AS otherwise_out
}
RETURN coalesce(vehicle_id, 'no vehicle of ' + $least_owners + ' owners for which at most ' + $most_eligible
         + ' parts may be recommended') AS vehicle_id,
       owners, eligible, fitting, refurbished, without_image, without_price, otherwise_out
ORDER BY owners DESC, eligible, vehicle_id
