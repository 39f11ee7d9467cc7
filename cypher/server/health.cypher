// purpose: what the graph holds and which release answers, in one short read
// mode: read
// params: none
// returns: release, live_since, sync, as_of, finished_at
OPTIONAL MATCH (sync:Sync {id: 'graph'})
OPTIONAL MATCH (live:Release {slot: sync.live_slot})
RETURN live.run_id AS release, live.live_since.epochSeconds AS live_since, sync.run_id AS sync,
       sync.as_of.epochSeconds AS as_of, sync.finished_at.epochSeconds AS finished_at
LIMIT 1
