// purpose: create or update PartType nodes
// mode: write
// params: $rows list<map>  name
// returns: none
UNWIND $rows AS row
MERGE (n:PartType {name: row.name})
