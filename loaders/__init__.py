"""From raw source tables to what the graph holds: extract, transform, load, sweep.

A source (`files`, later BigQuery) runs one statement per feed (`sql/*.sql`) and gives clean tables with their
accounts: what was read, rejected and ignored, and why. `transform` makes one table per node and relationship type
out of them; nothing before the load touches the graph.
"""
