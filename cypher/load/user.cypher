// written by cypher/generate.py from templates/load_node.template and holley_graph/graph/schema.py: edit those
// purpose: create or update User nodes
// mode: write
// params: $rows list<map>  user_id, email_hash, engagement_tier, drives
// returns: none
UNWIND $rows AS row
MERGE (n:User {user_id: row.user_id})
SET n.email_hash = row.email_hash,
    n.engagement_tier = row.engagement_tier,
    n.drives = row.drives
