// purpose: every release that this graph has seen, newest first; one without a slot has no vectors any more
// mode: read
// params: none
// returns: run_id, number, state, slot, dim, live_since
MATCH (sync:Sync {id: 'graph'})
WITH sync.live_slot AS live
MATCH (r:Release)
RETURN r.run_id AS run_id, r.number AS number,
       CASE WHEN r.slot = live THEN 'live' WHEN r.state = 'ready' THEN 'previous' ELSE r.state END AS state,
       r.slot AS slot, r.dim AS dim, toString(r.live_since) AS live_since
ORDER BY number DESC
