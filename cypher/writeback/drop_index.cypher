// purpose: remove a vector index of a slot that is made free
// mode: schema
// params: $name string  of the index
// returns: none
DROP INDEX $name IF EXISTS
