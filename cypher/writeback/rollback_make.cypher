// purpose: exchange the live vectors of Make with the previous ones
// mode: write
// params: none
// returns: none
MATCH (n:Make)
WHERE n.embedding IS NOT NULL OR n.embedding_previous IS NOT NULL
WITH n, n.embedding AS live, n.embedding_previous AS previous,
     n.embedding_release AS release, n.embedding_release_previous AS release_previous
SET n.embedding_previous = live, n.embedding = previous,
    n.embedding_release_previous = release, n.embedding_release = release_previous
