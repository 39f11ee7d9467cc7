// purpose: the vehicle of a year whose make and model together are spelled so
// mode: read
// params: $year integer  model year
//         $name string   make and model, upper case, one space between words
// returns: vehicle_id
MATCH (m:VehicleModel)<-[:OF_MODEL]-(v:Vehicle {year: $year})
WHERE m.make + ' ' + m.model = $name
RETURN v.vehicle_id AS vehicle_id
ORDER BY vehicle_id
LIMIT 1
