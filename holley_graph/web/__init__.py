"""The read-only door: the statements of `cypher/recommend/` over HTTP, and nothing else."""
