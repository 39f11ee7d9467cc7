"""What a file is held against: clean tables, and beside them what the raw tables say of parts and orders."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb

from holley_graph.progress import Progress
from holley_graph.settings import Settings
from loaders import feeds, identity, parquet, rules, sqltext, tombstones
from loaders.source import Source
from loaders.taken import Taken

SEEN = {"seen_events": "told_events", "seen_orders": "told_orders"}
"""Statements of `loaders/sql/gate/` that read raw tables, and what their results are called here."""


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


def see(
    connection: duckdb.DuckDBPyConnection, source: Source, settings: Settings, as_of: datetime, progress: Progress
) -> None:
    """Ask the raw tables what they say of prices, pictures and orders, by statements that no sync runs.

    Leaves the views `seen_events` and `seen_orders`, without people who were forgotten.

    Raises:
        SourceError: a table is missing or not as the contract says.
        TooExpensive: a query would read more than the settings allow; none was run.
    """
    settings = source.settled(settings)
    pads = identity.pads(identity.email_key(settings))
    known = {"as_of": as_of, "since": settings.sync.boundary} | rules.values(settings, as_of) | pads
    statements = {name: sqltext.load(f"gate/{name}") for name in SEEN}
    try:
        source.open(connection, f"{datetime.now(UTC):%Y%m%dT%H%M%S}-gate", progress)
        for statement in statements.values():
            source.cost(statement, statement.values(known))
        for done, (name, statement) in enumerate(statements.items()):
            progress("reading the source", done, len(SEEN))
            source.run(connection, statement, statement.values(known), SEEN[name])
        hashed = sqltext.load("gate/by_hash")
        connection.sql(sqltext.duckdb(hashed.name), params=hashed.values(known)).create("hashed_events")
        connection.table("hashed_events").create_view("seen_events")
        connection.table("told_orders").create_view("seen_orders")
    finally:
        source.close()
    tombstones.hide(connection, settings, "seen_events", "seen_orders")
