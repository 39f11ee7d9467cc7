"""Extraction: one statement per feed, and an account of every source row that it did not take.

A statement returns its clean rows and its accounts in one result, told apart by `outcome`: `clean`; `waiting`,
clean but for a SKU that the catalogue lacks; `rejected`, one row per rejected source row or item; `ignored`, a
count per reason; `read`, a count of source rows and of items.

Events may be taken by days: those before `Earlier.since` come from what an earlier sync left, the others are read.
A feed of `Earlier.unread` is not read at all: its clean table is the one that is there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from holley_graph import spill
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings
from loaders import contracts, drift, identity, letters, merge, parquet, rules, sqltext, tombstones
from loaders.accounts import FeedAccount
from loaders.source import Cost, Earlier, Source, SourceTable, Unread

ACCOUNT = {"outcome": "STRING", "reason": "STRING", "value": "STRING", "source": "STRING", "n": "INT64"}


@dataclass(frozen=True)
class Feed:
    """One statement, the raw table whose rows it accounts for and the clean table that it gives."""

    raw: str
    clean: contracts.CleanTable


# The catalogue (fitment and items) comes before those who are checked against it.
FEEDS = (
    Feed("user_attributes", contracts.USERS),
    Feed("fitment", contracts.FITMENT),
    Feed("items", contracts.ITEMS),
    Feed("events", contracts.EVENTS),
    Feed("orders", contracts.ORDERS),
)


@dataclass(frozen=True)
class Extract:
    """Clean tables, still inside the connection that made them, with their accounts."""

    connection: duckdb.DuckDBPyConnection
    """Holds the views `clean_NAME` and `rejected_NAME` of every feed, and `waiting_events`."""
    as_of: datetime
    accounts: tuple[FeedAccount, ...]
    found: dict[str, SourceTable]
    """Raw tables by name."""
    costs: tuple[Cost, ...]
    earlier: Earlier | None
    """What was not read again."""

    @property
    def unread(self) -> Mapping[str, Unread]:
        """Feeds that were taken as an earlier sync left them, by raw table."""
        return self.earlier.unread if self.earlier else {}

    def people(self) -> pa.Array | None:
        """Find whose interactions are others than the earlier sync knew; none: anybody's may be."""
        if self.earlier is None or not self.earlier.same.issuperset({"clean_fitment", "clean_items"}):
            return None
        self.connection.read_parquet(parquet.literal(self.earlier.events[0])).create_view("earlier_events")
        found = self.connection.sql(sqltext.duckdb("merge/people"), params={"since_day": merge.day(self.earlier)})
        return found.to_arrow_table()["user_id"].combine_chunks()

    def clean(self, name: str) -> pa.Table:
        """Copy one clean table out, sorted by its key."""
        contract = next(feed.clean for feed in FEEDS if feed.clean.name == name)
        return self._sorted(f"clean_{name}", contract)

    def waiting(self) -> pa.Table:
        """Copy out the interactions with SKUs that are in no catalogue (yet), sorted by key."""
        return self._sorted("waiting_events", contracts.EVENTS)

    def _sorted(self, view: str, contract: contracts.CleanTable) -> pa.Table:
        rows = self.connection.table(view).order(", ".join(contract.key))
        return rows.to_arrow_table().cast(contract.schema)

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()


def extract(
    source: Source,
    settings: Settings,
    as_of: datetime,
    progress: Progress,
    *,
    run_id: str = "extract",
    earlier: Earlier | None = None,
    before: Mapping[str, int] | None = None,
) -> Extract:
    """Turn a source's raw tables into clean tables.

    Args:
        source: `FilesSource`, or another engine of the same statements.
        settings: boundary and limits are read from `sync`.
        as_of: exclusive; everything the run knows is strictly before it. With time zone.
        progress: told about every feed.
        run_id: what a source writes on what it makes for this run.
        earlier: the days and feeds that need not be read again; none: everything is read.
        before: rows that the raw tables had when the graph last took them.

    Raises:
        SourceError: a raw table is not as the contract says; nothing has been read then.
    """
    settings = source.settled(settings)
    connection = connect(settings)
    try:
        found, known, costs = _begin(source, connection, settings, as_of, progress, run_id, earlier, before)
        accounts = []
        unread = earlier.unread if earlier else {}
        for feed in FEEDS:
            if feed.raw in unread:
                accounts.append(_take(connection, feed, unread[feed.raw]))
                continue
            what, total = f"extract {feed.clean.name}", found[feed.raw].rows or 0
            progress(what, 0, total)
            costs |= _cost(source, feed, known, again=True)
            accounts.append(_run(source, connection, feed, known, found[feed.raw], earlier))
            progress(what, total, total)
        tombstones.leave_out(connection, settings)
    except BaseException:
        connection.close()
        raise
    finally:
        source.close()
    return Extract(connection, as_of, tuple(accounts), found, tuple(costs.values()), earlier)


def costs(
    source: Source,
    settings: Settings,
    as_of: datetime,
    *,
    earlier: Earlier | None = None,
    before: Mapping[str, int] | None = None,
) -> tuple[Cost, ...]:
    """Say what `extract` with the same arguments would read, without reading it.

    Clean tables that a statement reads do not exist yet and count as empty.

    Raises:
        SourceError, TooExpensive: as `extract` would.
    """
    settings = source.settled(settings)
    connection = connect(settings)
    try:
        return tuple(_begin(source, connection, settings, as_of, silent, "plan", earlier, before)[2].values())
    finally:
        source.close()
        connection.close()


def _begin(
    source: Source,
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    as_of: datetime,
    progress: Progress,
    run_id: str,
    earlier: Earlier | None,
    before: Mapping[str, int] | None,
) -> tuple[dict[str, SourceTable], dict[str, Any], dict[str, Cost]]:
    """Everything that can stop an extract before it reads a row: tables, their sizes, the price."""
    sync = settings.sync
    found = source.open(connection, run_id, progress)
    drift.stop_if_rows_are_gone(found, before or {}, sync.allow_empty, sync.max_row_fall)
    since = max(earlier.since, sync.boundary) if earlier else sync.boundary
    window = {"as_of": as_of, "boundary": sync.boundary, "since": since}
    known = window | rules.values(settings, as_of) | identity.pads(identity.email_key(settings))
    costs: dict[str, Cost] = {}
    for done, feed in enumerate(FEEDS, 1):
        if earlier and feed.raw in earlier.unread:
            continue
        costs |= _cost(source, feed, known)
        if costs:
            progress("asking what queries cost", done, len(FEEDS))
    return found, known, costs


def _cost(source: Source, feed: Feed, known: Mapping[str, Any], again: bool = False) -> dict[str, Cost]:
    """Ask what a feed reads; `again`: with the clean tables that it reads, which counted as empty at first."""
    statement = sqltext.load(feed.clean.name)
    if again and not any(name.startswith("clean_") for name in statement.reads):
        return {}
    cost = source.cost(statement, statement.values(known))
    return {feed.clean.name: cost} if cost else {}


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open an engine in bounded memory, which spills into the owner-only home; times are UTC."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    limits: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{settings.sync.memory_mb}MB",
        "temp_directory": str(spill.folder(settings.home.absolute())),
    }
    connection = duckdb.connect(config=limits)
    connection.execute("SET TimeZone = 'UTC'")  # refused as part of `config`: its extension is not loaded by then
    letters.teach(connection)
    return connection


def _take(connection: duckdb.DuckDBPyConnection, feed: Feed, unread: Unread) -> FeedAccount:
    """Show what an earlier sync left; what it rejected lies there as dead letters."""
    name = feed.clean.name
    connection.read_parquet(parquet.literal(unread.clean)).create_view(f"clean_{name}")
    nothing = pa.schema([(column, pa.string()) for column in ("reason", "value", "source", "email")]).empty_table()
    connection.from_arrow(nothing).create(f"unread_{name}")
    connection.table(f"unread_{name}").create_view(f"rejected_{name}")
    return replace(unread.account, seconds=0.0)


def _run(
    source: Source,
    connection: duckdb.DuckDBPyConnection,
    feed: Feed,
    known: Mapping[str, Any],
    found: SourceTable,
    earlier: Earlier | None,
) -> FeedAccount:
    started = time.perf_counter()
    name = feed.clean.name
    statement = sqltext.load(name)
    source.run(connection, statement, statement.values(known), f"result_{name}")
    result = connection.table(f"result_{name}")
    columns = ", ".join(f'"{column.name}"' for column in feed.clean.columns)
    clean = result.filter("outcome IN ('clean', 'waiting')").project(columns)
    feed.clean.check(clean)
    if feed.clean is contracts.EVENTS:
        merge.events(connection, clean, columns, known, earlier)
    elif feed.clean is contracts.USERS:
        merge.users(connection, clean, known)
    else:
        clean.create_view(f"clean_{name}")
    address = "email" if "email" in result.columns else "CAST(NULL AS VARCHAR) AS email"
    rejected = result.filter("outcome = 'rejected'").project(f"reason, value, source, {address}")
    rejected.create_view(f"rejected_{name}")
    counts = _counts(result)
    read = counts.get(("read", "rows"), 0)
    ignored = {reason: n for (outcome, reason), n in counts.items() if outcome == "ignored"}
    # Rows outside the window of events are not read; a table knows how many it has.
    outside = (found.rows or 0) - read
    if outside > 0 and not earlier:
        read, ignored = read + outside, ignored | {"outside_window": outside}
    return FeedAccount(
        name=feed.raw,
        read=read,
        items=counts.get(("read", "items"), 0),
        rejected={reason: n for (outcome, reason), n in counts.items() if outcome == "rejected"},
        ignored=ignored,
        seconds=time.perf_counter() - started,
        partly=earlier is not None and feed.clean is contracts.EVENTS,
        until=_until(result),
    )


def _until(result: duckdb.DuckDBPyRelation) -> int | None:
    """Find the first row that `as_of` left out: a statement says it as the value of the account."""
    outside = result.filter("outcome = 'ignored' AND reason = 'outside_window'")
    (first,) = outside.aggregate("MIN(CAST(value AS BIGINT))").fetchall()[0]
    return None if first is None else int(first)


def _counts(result: duckdb.DuckDBPyRelation) -> dict[tuple[str, str], int]:
    """Sum `n` per outcome and reason: a handful of rows."""
    accounts = result.filter("outcome <> 'clean'").aggregate("outcome, reason, CAST(SUM(n) AS BIGINT) AS n")
    return {(outcome, reason): n for outcome, reason, n in sorted(accounts.fetchall())}
