// purpose: make the staged vectors of User live and keep the live ones as the previous
// mode: write
// params: $release integer  number of the release that goes live
// returns: none
MATCH (n:User)
WHERE n.embedding IS NOT NULL OR n.embedding_next IS NOT NULL OR n.embedding_previous IS NOT NULL
WITH n, n.embedding AS live, n.embedding_next AS next
SET n.embedding_previous = live, n.embedding = next,
    n.embedding_release_previous = n.embedding_release,
    n.embedding_release = CASE WHEN next IS NOT NULL THEN $release END
REMOVE n.embedding_next
