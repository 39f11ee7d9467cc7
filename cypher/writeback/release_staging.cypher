// purpose: announce a release whose vectors are being staged
// mode: write
// params: $run_id string           the run
//         $dim integer             length of its vectors
//         $product_norm float      common length of its product vectors
// returns: none
MERGE (r:Release {run_id: $run_id})
ON CREATE SET r.state = 'staging'
SET r.dim = $dim, r.product_norm_next = $product_norm
