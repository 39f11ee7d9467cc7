// title: Which vehicles a part fits
// purpose: what a part fits, by make and model, years run together (1967–1969, 1971), and how many own one
// mode: read
// params: $sku string  the part
// shows: table
// returns: make, model, years, vehicles, owners
OPTIONAL CALL () {
  MATCH (:Product {sku: $sku})-[:FITS]->(v:Vehicle)
  WITH v, COUNT { (v)<-[:OWNS]-() } AS owners
  ORDER BY v.year
  WITH v.make AS make, v.model AS model, collect(v.year) AS years, sum(owners) AS owners
  // within a run of years, year minus position stays the same
  CALL (years) {
    UNWIND range(0, size(years) - 1) AS position
    WITH years[position] - position AS run, min(years[position]) AS first, max(years[position]) AS last
    ORDER BY first
    RETURN collect(CASE WHEN first = last THEN toString(first) ELSE first + '–' + last END) AS runs
  }
  RETURN make, model, reduce(text = head(runs), run IN tail(runs) | text + ', ' + run) AS years,
         size(years) AS vehicles, owners
}
RETURN coalesce(make, 'no part ' + $sku + ' in this graph that fits a vehicle') AS make, model, years, vehicles, owners
ORDER BY owners DESC, vehicles DESC, make, model
