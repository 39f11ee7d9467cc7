// written by cypher/generate.py from templates/tables_node.template and holley_graph/graph/schema.py: edit those
// purpose: every User node, one row each
// mode: read
// params: none
// returns: id, user_id, email_hash, engagement_tier, drives
MATCH (n:User)
RETURN id(n) AS id,
       n.user_id AS user_id,
       n.email_hash AS email_hash,
       n.engagement_tier AS engagement_tier,
       n.drives AS drives
