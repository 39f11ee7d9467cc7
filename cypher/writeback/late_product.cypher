// purpose: give Products that came after the live release their vectors, in the transaction that brings all late ones
// mode: write
// params: $run_id string    the release; once it is live no more, nothing is written
//         $rows list<map>   key, vector
// returns: written
MATCH (release:Release {run_id: $run_id, state: 'live'})
UNWIND $rows AS row
MATCH (n:Product {sku: row.key})
WHERE n.embedding IS NULL
SET n.embedding = row.vector, n.embedding_release = release.number
RETURN count(n) AS written
