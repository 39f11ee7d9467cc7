// purpose: the release that the graph's marker says is live
// mode: read
// params: none
// returns: run_id
MATCH (sync:Sync {id: 'graph'})
MATCH (live:Release {slot: sync.live_slot})
RETURN live.run_id AS run_id
