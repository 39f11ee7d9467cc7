// purpose: tell readers that no release is going live
// mode: write
// params: none
// returns: none
MATCH (s:Sync {id: 'graph'})
REMOVE s.flipping
