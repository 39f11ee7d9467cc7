"""Extraction: one statement per feed, and an account of every source row that it did not take.

A statement returns its clean rows and its accounts in one result, told apart by `outcome`: `clean`; `rejected`, one
row per rejected source row or item; `ignored`, a count per reason; `read`, a count of source rows and of items.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import duckdb
import pyarrow as pa

from holley_graph.errors import RejectedTooMuch
from holley_graph.progress import Progress
from holley_graph.settings import Settings
from loaders import contracts, sqltext
from loaders.sqltext import Statement

ACCOUNT = {"outcome": "STRING", "reason": "STRING", "value": "STRING", "source": "STRING", "n": "INT64"}
ITEM_REASONS = frozenset({"fitment.no_sku", "event.unknown_sku"})
"""Reasons that reject one item of a row; the others reject the row."""


class Source(Protocol):
    """Where raw tables are, and the engine that runs a feed's statement on them."""

    def open(self, connection: duckdb.DuckDBPyConnection, allow_empty: tuple[str, ...]) -> dict[str, int]:
        """Check every raw table before anything runs; return their numbers of rows."""

    def run(
        self, connection: duckdb.DuckDBPyConnection, statement: Statement, values: Mapping[str, Any], into: str
    ) -> None:
        """Run a feed's statement and leave its result in `connection` as table `into`."""


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
class FeedAccount:
    """What became of one feed's source rows."""

    name: str
    read: int
    """Source rows."""
    items: int
    """Items inside the rows that were not rejected or ignored as a whole."""
    rejected: dict[str, int] = field(default_factory=dict)
    ignored: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def rejected_share(self) -> float:
        """Rejected rows among rows, or rejected items among items, whichever is more."""
        items = sum(n for reason, n in self.rejected.items() if reason in ITEM_REASONS)
        rows = sum(self.rejected.values()) - items
        return max(rows / max(self.read, 1), items / max(self.items, 1))


@dataclass(frozen=True)
class Extract:
    """Clean tables, still inside the connection that made them, with their accounts."""

    connection: duckdb.DuckDBPyConnection
    """Holds the views `clean_NAME` and `rejected_NAME` of every feed."""
    as_of: datetime
    accounts: tuple[FeedAccount, ...]

    def clean(self, name: str) -> pa.Table:
        """Copy one clean table out, sorted by its key."""
        contract = next(feed.clean for feed in FEEDS if feed.clean.name == name)
        rows = self.connection.table(f"clean_{name}").order(", ".join(contract.key))
        return rows.to_arrow_table().cast(contract.schema)

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()


def extract(source: Source, settings: Settings, as_of: datetime, progress: Progress) -> Extract:
    """Turn a source's raw tables into clean tables.

    Args:
        source: `FilesSource`, or another engine of the same statements.
        settings: boundary and limits are read from `sync`.
        as_of: exclusive; everything the run knows is strictly before it. With time zone.
        progress: told about every feed.

    Raises:
        SourceError: a raw table is not as the contract says; nothing has been read then.
    """
    connection = connect(settings)
    rows = source.open(connection, settings.sync.allow_empty)
    known = {"as_of": as_of, "boundary": settings.sync.boundary, "blank": contracts.BLANK}
    accounts = []
    for feed in FEEDS:
        what, total = f"extract {feed.clean.name}", rows[feed.raw]
        progress(what, 0, total)
        accounts.append(_run(source, connection, feed, known))
        progress(what, total, total)
    return Extract(connection, as_of, tuple(accounts))


def stop_if_too_many_rejected(extracted: Extract, settings: Settings) -> None:
    """Refuse an extract that lost too much; called after the dead letters are written, which say what and why.

    Raises:
        RejectedTooMuch: a feed's rejected share exceeds `sync.max_rejected_share`.
    """
    allowed = settings.sync.max_rejected_share
    for account in extracted.accounts:
        if account.rejected_share > allowed:
            reasons = ", ".join(f"{reason} {n:,}" for reason, n in sorted(account.rejected.items()))
            raise RejectedTooMuch(
                f"feed {account.name}: {account.rejected_share:.1%} of {account.read:,} rows rejected, "
                f"allowed {allowed:.1%}: {reasons}",
                "look at the dead letters, or raise sync.max_rejected_share",
            )


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """Open an engine in bounded memory, which spills into the owner-only home; times are UTC."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    limits: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{settings.sync.memory_mb}MB",
        "temp_directory": str(settings.home / "spill"),  # in the owner-only home: rows with addresses go here
    }
    connection = duckdb.connect(config=limits)
    connection.execute("SET TimeZone = 'UTC'")  # refused as part of `config`: its extension is not loaded by then
    return connection


def _run(
    source: Source, connection: duckdb.DuckDBPyConnection, feed: Feed, known: Mapping[str, Any]
) -> FeedAccount:
    started = time.perf_counter()
    name = feed.clean.name
    statement = sqltext.load(name)
    source.run(connection, statement, statement.values(known), f"result_{name}")
    result = connection.table(f"result_{name}")
    clean = result.filter("outcome = 'clean'").project(
        ", ".join(f'"{column.name}"' for column in feed.clean.columns)
    )
    feed.clean.check(clean)
    clean.create_view(f"clean_{name}")
    address = "email" if "email" in result.columns else "CAST(NULL AS VARCHAR) AS email"
    rejected = result.filter("outcome = 'rejected'").project(f"reason, value, source, {address}")
    rejected.create_view(f"rejected_{name}")
    counts = _counts(result)
    return FeedAccount(
        name=feed.raw,
        read=counts.get(("read", "rows"), 0),
        items=counts.get(("read", "items"), 0),
        rejected={reason: n for (outcome, reason), n in counts.items() if outcome == "rejected"},
        ignored={reason: n for (outcome, reason), n in counts.items() if outcome == "ignored"},
        seconds=time.perf_counter() - started,
    )


def _counts(result: duckdb.DuckDBPyRelation) -> dict[tuple[str, str], int]:
    """Sum `n` per outcome and reason: a handful of rows."""
    accounts = result.filter("outcome <> 'clean'").aggregate("outcome, reason, CAST(SUM(n) AS BIGINT) AS n")
    return {(outcome, reason): n for outcome, reason, n in sorted(accounts.fetchall())}
