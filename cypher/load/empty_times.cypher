// purpose: give purchases known only from order lines past the boundary their empty list, which the offline import drops
// mode: auto
// params: none
// returns: none
MATCH (:User)-[r:ORDERED]->(:Product)
WHERE r.at IS NULL
CALL (r) {
  SET r.at = []
} IN TRANSACTIONS OF 50000 ROWS
