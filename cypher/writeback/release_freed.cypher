// purpose: say that a slot holds nothing any more; a release that never went live is forgotten
// mode: write
// params: $number integer  of the release whose slot it was
// returns: none
MATCH (r:Release {number: $number})
REMOVE r.slot
WITH r
WHERE r.state = 'staging'
DELETE r
