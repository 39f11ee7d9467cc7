// purpose: how many nodes still name a person
// mode: read
// params: $user_ids list<string>  every id of theirs
//         $email_hash string      of their address; null: none is known
// returns: found
MATCH (u:User)
WHERE u.user_id IN $user_ids OR u.email_hash = $email_hash
RETURN count(u) AS found
