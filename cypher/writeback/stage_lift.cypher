// purpose: put lifts of fitments into a release's slot, where they are not there yet; packed by vehicle
// mode: write
// params: $number integer  of the release; once it has no slot any more, nothing is written
//         $rows list<map>  key (of a vehicle), lifts (by SKU)
// returns: staged
MATCH (release:Release {number: $number})
WHERE release.slot IS NOT NULL
WITH 'lift_' + release.slot AS lift
UNWIND $rows AS row
MATCH (:Vehicle {vehicle_id: row.key})<-[f:FITS]-(p:Product)
WITH f, lift, row.lifts[p.sku] AS value
WHERE value IS NOT NULL
SET f[lift] = coalesce(f[lift], value)
RETURN count(f) AS staged
