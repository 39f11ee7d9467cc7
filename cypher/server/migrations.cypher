// purpose: migrations that were applied to this graph
// mode: read
// params: none
// returns: version integer, name string, checksum string
MATCH (m:Migration)
RETURN m.version AS version, m.name AS name, m.checksum AS checksum
ORDER BY version
