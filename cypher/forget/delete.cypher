// purpose: remove a person with everything they did
// mode: write
// params: $user_ids list<string>  every id of theirs
//         $email_hash string      of their address; null: none is known
// returns: deleted
MATCH (u:User)
WHERE u.user_id IN $user_ids OR u.email_hash = $email_hash
DETACH DELETE u
RETURN count(*) AS deleted
