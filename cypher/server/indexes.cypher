// purpose: Every index with its state; an embedding index serves only when it is ONLINE.
// mode: read
// params: none
// returns: name string, state string
SHOW INDEXES YIELD name, state
RETURN name, state
ORDER BY name;
