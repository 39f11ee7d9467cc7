// purpose: every PartType node, one row each
// mode: read
// params: none
// returns: id, name
MATCH (n:PartType)
RETURN id(n) AS id,
       n.name AS name
