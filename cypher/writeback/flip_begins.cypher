// purpose: warn readers that a release is about to go live; left standing by a kill it only makes them look twice
// mode: write
// params: none
// returns: none
MATCH (s:Sync {id: 'graph'})
SET s.flipping = true
