// purpose: every user's key in blocks of one stretch of the store
// mode: read
// params: none
// returns: block, ids, user_ids
MATCH (u:User)
RETURN id(u) / 4096 AS block, collect(id(u)) AS ids, collect(u.user_id) AS user_ids
