"""The source tables that a file is held against: those of the last sync, or raw ones read anew."""

from __future__ import annotations

from datetime import datetime

import duckdb

from holley_graph.progress import Progress
from holley_graph.settings import Settings
from loaders import feeds, parquet
from loaders.source import Source
from loaders.taken import Taken


def of_sync(taken: Taken, settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open the clean tables that the last sync kept."""
    connection = feeds.connect(settings)
    for name, path in taken.clean_files().items():
        connection.read_parquet(parquet.literal(path)).create_view(f"clean_{name}")
    return connection


def of_source(source: Source, settings: Settings, as_of: datetime, progress: Progress) -> duckdb.DuckDBPyConnection:
    """Extract raw tables anew, as a sync would, into nothing but memory.

    Raises:
        SourceError: a table is missing or not as the contract says.
    """
    return feeds.extract(source, settings, as_of, progress).connection
