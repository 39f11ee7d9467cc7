// purpose: every release that this graph has seen
// mode: read
// params: none
// returns: run_id, state, dim, live_since
MATCH (r:Release)
RETURN r.run_id AS run_id, r.state AS state, r.dim AS dim, toString(r.live_since) AS live_since
ORDER BY live_since DESC
