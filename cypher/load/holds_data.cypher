// purpose: whether the graph holds anything beside the tool's own bookkeeping
// mode: read
// params: none
// returns: holds_data boolean
RETURN EXISTS { MATCH (n) WHERE NOT n:Migration AND NOT n:Sync } AS holds_data
