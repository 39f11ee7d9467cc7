// purpose: move the release marker, in the transaction that moves the vectors
// mode: write
// params: $run_id string  the run that goes live
// returns: none
MATCH (r:Release {run_id: $run_id})
OPTIONAL MATCH (old:Release {state: 'previous'})
SET old.state = 'retired'
WITH DISTINCT r
OPTIONAL MATCH (live:Release {state: 'live'})
SET live.state = 'previous'
WITH DISTINCT r
SET r.state = 'live', r.product_norm = r.product_norm_next, r.live_since = datetime()
REMOVE r.product_norm_next
