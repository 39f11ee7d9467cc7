"""What a file is held against: clean tables, and beside them what the raw tables say of parts and orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from holley_graph.loaders import feeds, identity, tombstones, value_rules
from holley_graph.loaders.engine.engine import Engine, Rows
from holley_graph.loaders.source import Source
from holley_graph.loaders.sync_tables import SyncTables
from holley_graph.progress import Progress
from holley_graph.settings import Settings
from holley_graph.times import moment

SEEN = ("seen_events", "seen_orders")
"""Statements of `sql/gate/` that read raw tables, and what their results are called."""


@dataclass(frozen=True)
class SourceTables:
    """What a file is held against, and the engine that reads it.

    Attributes:
        tables: the clean tables as `clean_NAME`, and those of `SEEN` when `see` has asked for them.
    """

    engine: Engine
    tables: Mapping[str, Rows]


def of_sync(sync_tables: SyncTables, settings: Settings) -> SourceTables:
    """Open the clean tables that the last sync kept."""
    return SourceTables(Engine(settings), sync_tables.clean_files())


def of_source(source: Source, settings: Settings, as_of: int, progress: Progress) -> SourceTables:
    """Extract raw tables anew, as a sync would, into nothing but memory.

    Raises:
        SourceError: a table is missing or not as the contract says.
    """
    extracted = feeds.extract(source, settings, as_of, progress)
    return SourceTables(extracted.engine, extracted.tables)


def see(clean: SourceTables, source: Source, settings: Settings, as_of: int, progress: Progress) -> SourceTables:
    """Ask the raw tables what they say of prices, images and orders, by statements that no sync runs.

    Returns:
        The clean tables and those of `SEEN`, the latter without people who were forgotten.

    Raises:
        SourceError: a table is missing or not as the contract says.
        TooExpensive: a query would read more than the settings allow; none was run.
    """
    settings = source.settled(settings)
    pads = identity.pads(identity.email_key(settings))
    known = {"as_of": moment(as_of), "since": settings.sync.boundary} | value_rules.values(settings, as_of) | pads
    engine, answers = clean.engine, []
    with source.open(engine, f"{datetime.now(UTC):%Y%m%dT%H%M%S}-gate", progress) as raw:
        for name in SEEN:
            raw.cost(f"gate/{name}", **known)
        for done, name in enumerate(SEEN):
            progress("reading the source", done, len(SEEN))
            answers.append(raw.run(f"gate/{name}", {}, **known))
        events, orders = answers
        hashed = engine.keep("gate/by_hash", {"told_events": events}, **known)
        seen = dict(zip(SEEN, tombstones.hide(engine, settings, hashed, orders), strict=True))
    return SourceTables(engine, {**clean.tables, **seen})
