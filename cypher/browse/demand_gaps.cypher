// title: Demand against fitment
// purpose: parts that many look at and that fit few vehicles: fitment may be missing, or people look for what does not fit
// mode: read
// params: $most_vehicles integer  leave out parts that fit more vehicles
//         $k integer              how many parts
// defaults: {"most_vehicles": 50, "k": 25}
// shows: table
// returns: sku, title, part_type, viewers, viewers_it_fits, buyers, vehicles, owners, eligible
OPTIONAL CALL () {
  MATCH (p:Product)
  WITH p, COUNT { (p)<-[:VIEWED]-() } AS viewers, COUNT { (p)-[:FITS]->() } AS vehicles
  WHERE viewers > 0 AND vehicles <= $most_vehicles
  ORDER BY toFloat(viewers) / (1 + vehicles) DESC, viewers DESC, p.sku
  LIMIT $k
  RETURN p.sku AS sku, p.title AS title, p.part_type AS part_type, viewers,
         COUNT { MATCH (p)<-[:VIEWED]-(u:User)-[:OWNS]->(:Vehicle)<-[:FITS]-(p) RETURN DISTINCT u } AS viewers_it_fits,
         COUNT { (p)<-[:ORDERED]-() } AS buyers, vehicles, COUNT { (p)-[:FITS]->(:Vehicle)<-[:OWNS]-() } AS owners,
         p.eligible AS eligible
}
RETURN coalesce(sku, 'no part that somebody looked at and that fits at most ' + $most_vehicles + ' vehicles') AS sku, title,
       part_type, viewers, viewers_it_fits, buyers, vehicles, owners, eligible
ORDER BY toFloat(viewers) / (1 + vehicles) DESC, viewers DESC, sku
