// purpose: exchange the live and the previous release marker, in the transaction that exchanges the vectors
// mode: write
// params: none
// returns: none
MATCH (live:Release {state: 'live'}), (previous:Release {state: 'previous'})
SET live.state = 'previous', previous.state = 'live', previous.live_since = datetime()
