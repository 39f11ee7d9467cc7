// purpose: say what the graph holds from now on
// mode: write
// params: $run_id string     the sync whose tables these are
//         $as_of integer     epoch seconds: everything strictly before it is known
//         $boundary integer  epoch seconds: order lines count before it, events from it on
//         $source string     where the rows came from
// returns: none
MERGE (s:Sync {id: 'graph'})
SET s.state = 'complete', s.run_id = $run_id, s.as_of = datetime({epochSeconds: $as_of}),
    s.boundary = datetime({epochSeconds: $boundary}), s.source = $source, s.finished_at = datetime()
REMOVE s.writing_run_id
