"""From what a feed read to its clean table: addresses as ids are hashed, and days kept before come beside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb

from loaders import parquet, sqltext
from loaders.source import Earlier


def users(connection: duckdb.DuckDBPyConnection, read: duckdb.DuckDBPyRelation, known: Mapping[str, Any]) -> None:
    """Leave the view `clean_users`."""
    read.create_view("read_users")
    _ask(connection, "merge/users", known).create("merged_users")
    connection.table("merged_users").create_view("clean_users")


def events(
    connection: duckdb.DuckDBPyConnection,
    read: duckdb.DuckDBPyRelation,
    columns: str,
    known: Mapping[str, Any],
    earlier: Earlier | None,
) -> None:
    """Put the days that were read beside those that are kept, and tell both apart by today's catalogue.

    Leaves the views `clean_events` and `waiting_events`.
    """
    read.create_view("read_events")
    kept = connection.read_parquet([parquet.literal(path) for path in earlier.events]) if earlier else read.limit(0)
    kept.project(columns).create_view("kept_events")
    since = {"since_day": day(earlier) if earlier else 0}
    _ask(connection, "merge/events", {**known, **since}).create("merged_events")
    merged = connection.table("merged_events")
    merged.filter("listed").project(columns).create_view("clean_events")
    merged.filter("NOT listed").project(columns).create_view("waiting_events")


def day(earlier: Earlier) -> int:
    """Return the first day that is read again, days since 1970."""
    return (earlier.since - datetime(1970, 1, 1, tzinfo=UTC)).days


def _ask(connection: duckdb.DuckDBPyConnection, name: str, known: Mapping[str, Any]) -> duckdb.DuckDBPyRelation:
    return connection.sql(sqltext.duckdb(name), params=sqltext.load(name).values(known))
