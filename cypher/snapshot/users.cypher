// purpose: every user's key in blocks of one stretch of the store, and what all ids of one address share
// mode: read
// params: none
// returns: block, ids, user_ids, people
MATCH (u:User)
RETURN id(u) / 4096 AS block, collect(id(u)) AS ids, collect(u.user_id) AS user_ids,
       collect(coalesce(left(u.email_hash, 16), u.user_id)) AS people
