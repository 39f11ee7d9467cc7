// Releases lie in slots, and no slot holds two. What earlier ones left on the nodes is removed: write back anew.
MATCH (r:Release) WHERE r.slot IS NULL DELETE r;
CREATE CONSTRAINT release_slot IF NOT EXISTS FOR (n:Release) REQUIRE n.slot IS UNIQUE;
CREATE CONSTRAINT release_number IF NOT EXISTS FOR (n:Release) REQUIRE n.number IS UNIQUE;
DROP INDEX product_embedding IF EXISTS;
DROP INDEX vehicle_embedding IF EXISTS;
DROP INDEX user_embedding IF EXISTS;
DROP INDEX product_embedding_next IF EXISTS;
MATCH (n:User|Vehicle|VehicleModel|Make|Product)
WHERE n.embedding IS NOT NULL OR n.embedding_previous IS NOT NULL OR n.embedding_next IS NOT NULL
   OR n.embedding_release IS NOT NULL
CALL (n) {
  REMOVE n.embedding, n.embedding_previous, n.embedding_next, n.embedding_release, n.embedding_release_previous,
         n.embedding_source, n.embedding_source_previous, n.embedding_source_next
} IN TRANSACTIONS OF 10000 ROWS;
