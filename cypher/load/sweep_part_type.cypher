// purpose: remove PartType nodes that the source no longer has
// mode: write
// params: $rows list<map>  name
// returns: none
UNWIND $rows AS row
MATCH (n:PartType {name: row.name})
DETACH DELETE n
