// written by cypher/generate.py from templates/load_relationship.template and holley_graph/graph/schema.py: edit those
// purpose: create or update OWNS relationships
// mode: write
// params: $rows list<map>  user_id, vehicle_id, since
// returns: none
UNWIND $rows AS row
MATCH (a:User {user_id: row.user_id})
MATCH (b:Vehicle {vehicle_id: row.vehicle_id})
MERGE (a)-[r:OWNS]->(b)
SET r.since = CASE WHEN row.since IS NOT NULL THEN datetime({epochSeconds: row.since}) END
