"""The embedded Neo4j: its jars, its process, its admin tool, and what is wrong with it."""
