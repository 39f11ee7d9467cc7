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
from typing import Any

import pyarrow as pa

from holley_graph.loaders import contracts, identity, lost_rows, merge, tombstones, value_rules
from holley_graph.loaders.accounts import FeedAccount
from holley_graph.loaders.contracts import FEEDS, Feed
from holley_graph.loaders.engine import statements
from holley_graph.loaders.engine.engine import Engine, Relation
from holley_graph.loaders.source import Cost, Earlier, RawTables, Source, SourceTable, Unread
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings
from holley_graph.times import moment

ACCOUNT = {"outcome": "STRING", "reason": "STRING", "value": "STRING", "source_row": "STRING", "n": "INT64"}


@dataclass(frozen=True)
class Extract:
    """Clean tables, still inside the engine that made them, with their accounts."""

    engine: Engine
    tables: Mapping[str, Relation]
    """`clean_NAME` and `rejected_NAME` of every feed, and `waiting_events`."""
    as_of: int
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
        tables = {**self.tables, "earlier_events": self.engine.read(self.earlier.events[0])}
        people = self.engine.run("merge/people", tables, since_day=merge.day(self.earlier))
        return people["user_id"].combine_chunks()

    def clean(self, name: str) -> pa.Table:
        """Copy one clean table out, sorted by its key."""
        contract = next(feed.clean for feed in FEEDS if feed.clean.name == name)
        return self._sorted(f"clean_{name}", contract)

    def waiting(self) -> pa.Table:
        """Copy out the interactions with SKUs that are in no catalogue (yet), sorted by key."""
        return self._sorted("waiting_events", contracts.EVENTS)

    def _sorted(self, name: str, contract: contracts.CleanTable) -> pa.Table:
        rows = self.tables[name].order(", ".join(contract.key))
        return rows.to_arrow_table().cast(contract.schema)

    def close(self) -> None:
        """Give the memory back."""
        self.engine.close()


def extract(
    source: Source,
    settings: Settings,
    as_of: int,
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
        as_of: exclusive; everything the run knows is strictly before it.
        progress: told about every feed.
        run_id: what a source writes on what it makes for this run.
        earlier: the days and feeds that need not be read again; none: everything is read.
        before: rows that the raw tables had when the graph last took them.

    Raises:
        SourceError: a raw table is not as the contract says; nothing has been read then.
    """
    settings = source.settled(settings)
    engine = Engine(settings)
    tables: dict[str, Relation] = {}
    try:
        with source.open(engine, run_id, progress) as raw:
            known, costs = _begin(raw, settings, as_of, progress, earlier, before)
            accounts = []
            unread = earlier.unread if earlier else {}
            for feed in FEEDS:
                if feed.raw in unread:
                    accounts.append(_take(engine, feed, unread[feed.raw], tables))
                    continue
                what, total = f"extract {feed.clean.name}", raw.found[feed.raw].rows or 0
                progress(what, 0, total)
                costs |= _cost(raw, feed, known, again=True)
                accounts.append(_run(raw, engine, feed, known, tables, earlier))
                progress(what, total, total)
            left = tombstones.leave_out(engine, tables, settings)
    except BaseException:
        engine.close()
        raise
    return Extract(engine, left, as_of, tuple(accounts), dict(raw.found), tuple(costs.values()), earlier)


def costs(
    source: Source,
    settings: Settings,
    as_of: int,
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
    with Engine(settings) as engine, source.open(engine, "plan", silent) as raw:
        return tuple(_begin(raw, settings, as_of, silent, earlier, before)[1].values())


def _begin(
    raw: RawTables,
    settings: Settings,
    as_of: int,
    progress: Progress,
    earlier: Earlier | None,
    before: Mapping[str, int] | None,
) -> tuple[dict[str, Any], dict[str, Cost]]:
    """Everything that can stop an extract before it reads a row: the tables' sizes, and the price."""
    sync = settings.sync
    lost_rows.stop_if_rows_are_gone(raw.found, before or {}, sync.allow_empty, sync.max_row_fall)
    since = max(earlier.since, sync.boundary) if earlier else sync.boundary
    window = {"as_of": moment(as_of), "boundary": sync.boundary, "since": since}
    known = window | value_rules.values(settings, as_of) | identity.pads(identity.email_key(settings))
    costs: dict[str, Cost] = {}
    for done, feed in enumerate(FEEDS, 1):
        if earlier and feed.raw in earlier.unread:
            continue
        costs |= _cost(raw, feed, known)
        if costs:
            progress("asking what queries cost", done, len(FEEDS))
    return known, costs


def _cost(raw: RawTables, feed: Feed, known: Mapping[str, Any], again: bool = False) -> dict[str, Cost]:
    """Ask what a feed reads; `again`: with the clean tables that it reads, which counted as empty at first."""
    name = feed.clean.name
    if again and not any(table.startswith("clean_") for table in statements.load(name).reads):
        return {}
    cost = raw.cost(name, **known)
    return {name: cost} if cost else {}


def _take(engine: Engine, feed: Feed, unread: Unread, tables: dict[str, Relation]) -> FeedAccount:
    """Add what an earlier sync left; what it rejected lies there as dead letters."""
    nothing = pa.schema(
        [(column, pa.string()) for column in ("reason", "value", "source_row", "email")]
    ).empty_table()
    tables[f"clean_{feed.clean.name}"] = engine.read(unread.clean)
    tables[f"rejected_{feed.clean.name}"] = engine.read(nothing)
    return replace(unread.account, seconds=0.0)


def _run(
    raw: RawTables,
    engine: Engine,
    feed: Feed,
    known: Mapping[str, Any],
    tables: dict[str, Relation],
    earlier: Earlier | None,
) -> FeedAccount:
    """Run a feed's statement, add its tables to those that there are, and account for its rows."""
    started = time.perf_counter()
    name = feed.clean.name
    result = raw.run(name, tables, **known)
    columns = ", ".join(f'"{column.name}"' for column in feed.clean.columns)
    clean = result.filter("outcome IN ('clean', 'waiting')").project(columns)
    feed.clean.check(clean)
    if feed.clean is contracts.EVENTS:
        tables |= merge.events(engine, clean, columns, tables, known, earlier)
    elif feed.clean is contracts.USERS:
        tables |= merge.users(engine, clean, known)
    else:
        tables[f"clean_{name}"] = clean
    address = "email" if "email" in result.columns else "CAST(NULL AS VARCHAR) AS email"
    rejected = result.filter("outcome = 'rejected'").project(f"reason, value, source_row, {address}")
    tables[f"rejected_{name}"] = rejected
    return _account(feed, result, raw.found[feed.raw], earlier, time.perf_counter() - started)


def _account(
    feed: Feed, result: Relation, there: SourceTable, earlier: Earlier | None, seconds: float
) -> FeedAccount:
    counts = _counts(result)
    read = counts.get(("read", "rows"), 0)
    ignored = {reason: n for (outcome, reason), n in counts.items() if outcome == "ignored"}
    # Rows outside the window of events are not read; a table knows how many it has.
    outside = (there.rows or 0) - read
    if outside > 0 and not earlier:
        read, ignored = read + outside, ignored | {"outside_window": outside}
    return FeedAccount(
        name=feed.raw,
        read=read,
        items=counts.get(("read", "items"), 0),
        rejected={reason: n for (outcome, reason), n in counts.items() if outcome == "rejected"},
        ignored=ignored,
        seconds=seconds,
        partly=earlier is not None and feed.clean is contracts.EVENTS,
        until=_until(result),
    )


def _until(result: Relation) -> int | None:
    """Find the first row that `as_of` left out: a statement says it as the value of the account."""
    outside = result.filter("outcome = 'ignored' AND reason = 'outside_window'")
    (first,) = outside.aggregate("MIN(CAST(value AS BIGINT))").fetchall()[0]
    return None if first is None else int(first)


def _counts(result: Relation) -> dict[tuple[str, str], int]:
    """Sum `n` per outcome and reason: a handful of rows."""
    accounts = result.filter("outcome <> 'clean'").aggregate("outcome, reason, CAST(SUM(n) AS BIGINT) AS n")
    return {(outcome, reason): n for outcome, reason, n in sorted(accounts.fetchall())}
