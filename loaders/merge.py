"""From what a feed read to its clean table: addresses as ids are hashed, and days kept before come beside."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from holley_graph.loaders import parquet
from holley_graph.loaders.engine.engine import Engine, Relation
from holley_graph.loaders.source import Earlier


def users(engine: Engine, read: Relation, known: Mapping[str, Any]) -> dict[str, Relation]:
    """Return the table `clean_users`."""
    return {"clean_users": engine.keep("merge/users", {"read_users": read}, **known)}


def events(
    engine: Engine,
    read: Relation,
    columns: str,
    catalogue: Mapping[str, Relation],
    known: Mapping[str, Any],
    earlier: Earlier | None,
) -> dict[str, Relation]:
    """Put the days that were read beside those that are kept, and tell both apart by today's catalogue.

    Returns:
        The tables `clean_events` and `waiting_events`.
    """
    files = [parquet.literal(path) for path in earlier.events] if earlier else []
    earlier_rows = (engine.duckdb.read_parquet(files) if files else read.limit(0)).project(columns)
    since = day(earlier) if earlier else 0
    tables = {**catalogue, "read_events": read, "kept_events": earlier_rows}
    merged = engine.keep("merge/events", tables, **{**known, "since_day": since})
    return {
        "clean_events": merged.filter("listed").project(columns),
        "waiting_events": merged.filter("NOT listed").project(columns),
    }


def day(earlier: Earlier) -> int:
    """Return the first day that is read again, days since 1970."""
    return (earlier.since - datetime(1970, 1, 1, tzinfo=UTC)).days
