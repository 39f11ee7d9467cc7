// purpose: every vehicle in blocks of one stretch of the store, lists of one length
// mode: read
// params: none
// returns: block, ids, vehicle_ids, years, makes, models
MATCH (v:Vehicle)
RETURN id(v) / 4096 AS block, collect(id(v)) AS ids, collect(v.vehicle_id) AS vehicle_ids,
       collect(v.year) AS years, collect(v.make) AS makes, collect(v.model) AS models
