// purpose: Version, size and live release of the database at a glance; the counts come from the count store.
// mode: read
// params: none
// returns: version string, edition string, nodes integer, relationships integer, live_release string
CALL dbms.components() YIELD name, versions, edition
WITH versions[0] AS version, edition, name WHERE name = 'Neo4j Kernel'
CALL () { MATCH (n) RETURN count(n) AS nodes }
CALL () { MATCH ()-[r]->() RETURN count(r) AS relationships }
OPTIONAL MATCH (sync:Sync {id: 'graph'})
OPTIONAL MATCH (live:Release {slot: sync.live_slot})
RETURN version, edition, nodes, relationships, live.run_id AS live_release
LIMIT 1;
