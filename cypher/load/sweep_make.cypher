// purpose: remove Make nodes that the source no longer has
// mode: write
// params: $rows list<map>  name
// returns: none
UNWIND $rows AS row
MATCH (n:Make {name: row.name})
DETACH DELETE n
