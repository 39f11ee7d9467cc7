// purpose: remove the passing index over staged vectors
// mode: schema
// params: none
// returns: none
DROP INDEX product_embedding_next IF EXISTS
