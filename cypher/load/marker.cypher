// purpose: what the graph last took, and whether that sync was finished
// mode: read
// params: none
// returns: run_id, as_of, boundary, state, source, weights_version
MATCH (s:Sync {id: 'graph'})
RETURN s.run_id AS run_id, s.as_of.epochSeconds AS as_of, s.boundary.epochSeconds AS boundary,
       s.state AS state, s.source AS source, s.weights_version AS weights_version
