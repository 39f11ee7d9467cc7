// purpose: remember the time and the setting that all interaction weights were computed with
// mode: write
// params: $weights_version string  what age counted to, and the weight settings
// returns: none
MERGE (s:Sync {id: 'graph'})
SET s.weights_version = $weights_version
