"""The hall: the only room that speaks to Neo4j."""
