// purpose: which release is live, and whether another is going live right now
// mode: read
// params: none
// returns: number, flipping
MATCH (s:Sync {id: 'graph'})
RETURN head(COLLECT { MATCH (r:Release {state: 'live'}) RETURN r.number }) AS number,
       coalesce(s.flipping, false) AS flipping
