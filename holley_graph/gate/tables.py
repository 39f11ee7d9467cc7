"""The source tables that a file is held against: those of the last sync, or raw ones read anew."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from holley_graph.progress import Progress
from holley_graph.settings import Settings
from loaders import feeds
from loaders.files import FilesSource
from loaders.taken import Taken


def of_sync(taken: Taken, settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open the clean tables that the last sync kept."""
    connection = feeds.connect(settings)
    for feed in feeds.FEEDS:
        connection.read_parquet(str(taken.clean(feed.clean.name))).create_view(f"clean_{feed.clean.name}")
    return connection


def of_source(folder: Path, settings: Settings, as_of: datetime, progress: Progress) -> duckdb.DuckDBPyConnection:
    """Extract raw tables anew, as a sync would, into nothing but memory.

    Raises:
        SourceError: a table is missing or not as the contract says.
    """
    return feeds.extract(FilesSource(folder), settings, as_of, progress).connection
