// purpose: remove the vehicle index so that vectors of another length can be indexed
// mode: schema
// params: none
// returns: none
DROP INDEX vehicle_embedding IF EXISTS
