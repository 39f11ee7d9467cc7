// purpose: remove the product index so that vectors of another length can be indexed
// mode: schema
// params: none
// returns: none
DROP INDEX product_embedding IF EXISTS
