// purpose: remove the user index so that vectors of another length can be indexed
// mode: schema
// params: none
// returns: none
DROP INDEX user_embedding IF EXISTS
