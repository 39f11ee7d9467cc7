// purpose: vector indexes that do not serve yet
// mode: read
// params: none
// returns: name, state
SHOW INDEXES YIELD name, type, state
WHERE type = 'VECTOR' AND state <> 'ONLINE'
RETURN name, state
