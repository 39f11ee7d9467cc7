// purpose: version, size, last sync and releases of the database at a glance; the counts come from the count store
// mode: read
// params: none
// returns: version, edition, nodes, relationships, live_release, previous_release, last_sync, labels
CALL dbms.components() YIELD name, versions, edition
WITH versions[0] AS version, edition, name WHERE name = 'Neo4j Kernel'
CALL () { MATCH (n) RETURN count(n) AS nodes }
CALL () { MATCH ()-[r]->() RETURN count(r) AS relationships }
CALL () { MATCH (n:User) RETURN count(n) AS users }
CALL () { MATCH (n:Vehicle) RETURN count(n) AS vehicles }
CALL () { MATCH (n:VehicleModel) RETURN count(n) AS vehicle_models }
CALL () { MATCH (n:Make) RETURN count(n) AS makes }
CALL () { MATCH (n:Product) RETURN count(n) AS products }
CALL () { MATCH (n:PartType) RETURN count(n) AS part_types }
OPTIONAL MATCH (sync:Sync {id: 'graph'})
OPTIONAL MATCH (live:Release {slot: sync.live_slot})
OPTIONAL MATCH (before:Release {state: 'ready'}) WHERE before.slot <> sync.live_slot
RETURN version, edition, nodes, relationships, live.run_id AS live_release, before.run_id AS previous_release,
       CASE WHEN sync.run_id IS NOT NULL THEN {
         run_id: sync.run_id, as_of: toString(sync.as_of), finished_at: toString(sync.finished_at), source: sync.source
       } END AS last_sync,
       {User: users, Vehicle: vehicles, VehicleModel: vehicle_models, Make: makes, Product: products,
        PartType: part_types} AS labels
LIMIT 1
