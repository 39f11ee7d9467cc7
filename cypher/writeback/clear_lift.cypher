// purpose: remove all lifts from a slot
// mode: auto
// params: $slot string  a, b or c
// returns: none
WITH 'lift_' + $slot AS lift
MATCH ()-[f:FITS]->()
WHERE f[lift] IS NOT NULL
CALL (f, lift) {
  SET f[lift] = null
} IN TRANSACTIONS OF 10000 ROWS
