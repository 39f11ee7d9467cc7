// purpose: every Make that has no live vector
// mode: read
// params: none
// returns: keys
MATCH (n:Make)
WHERE n.embedding IS NULL
RETURN collect(n.name) AS keys
