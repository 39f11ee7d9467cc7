// purpose: put a release live: one property names its slot; the release until now is kept, any other retires
// mode: write
// params: $number integer  of the release; once it has no slot any more, nothing is written
// returns: run_id
MATCH (sync:Sync {id: 'graph'})
SET sync.releases = sync.releases  // the lock: of two at once, the second sees what the first has done
WITH sync
MATCH (release:Release {number: $number})
WHERE release.slot IS NOT NULL
CALL (sync, release) {
  MATCH (other:Release {state: 'ready'})
  WHERE other <> release AND other.slot <> sync.live_slot
  SET other.state = 'retired'
}
SET release.state = 'ready', release.live_since = datetime(), sync.live_slot = release.slot
RETURN release.run_id AS run_id
