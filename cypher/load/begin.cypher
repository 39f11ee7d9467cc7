// purpose: say that a change in several transactions is under way; what the graph holds is unknown until commit
// mode: write
// params: $run_id string  the sync that writes
// returns: none
MERGE (s:Sync {id: 'graph'})
SET s.state = 'writing', s.writing_run_id = $run_id
