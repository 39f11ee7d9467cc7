"""The one engine: statements in files, translated for DuckDB and run within limits.

`statements` finds a file by its name and checks its header, `dialects` translates it, and `engine` runs it on the
tables that the caller passes. BigQuery runs the same files as they are (`loaders.bigquery`).
"""
