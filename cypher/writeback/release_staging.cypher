// purpose: announce a release whose vectors are being staged, and forget others that never went live
// mode: write
// params: $run_id string           the run
//         $dim integer             length of its vectors
//         $product_norm float      common length of its product vectors
// returns: number
OPTIONAL MATCH (any:Release)
WITH coalesce(max(any.number), 0) + 1 AS fresh
CALL () {
  MATCH (unfinished:Release {state: 'staging'})
  WHERE unfinished.run_id <> $run_id
  DELETE unfinished
}
MERGE (r:Release {run_id: $run_id})
ON CREATE SET r.state = 'staging', r.number = fresh
SET r.dim = $dim, r.product_norm_next = $product_norm
RETURN r.number AS number
