// purpose: user ids that begin alike
// mode: read
// params: $beginning string  of the id
//         $k integer         how many
// returns: user_id
MATCH (u:User)
WHERE u.user_id STARTS WITH $beginning
RETURN u.user_id AS user_id
ORDER BY user_id
LIMIT $k
