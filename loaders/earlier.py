"""What a sync since the last one need not read again.

Of events it is the days before some that the last sync saw already. Any other feed is left unread as a whole, if
its raw table and those of the feeds that its statement reads have not changed, and no row has become known since.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from holley_graph.loaders import contracts, tombstones, value_rules
from holley_graph.loaders.contracts import FEEDS, Feed
from holley_graph.loaders.engine import statements
from holley_graph.loaders.source import Earlier, Unread
from holley_graph.loaders.sync_tables import SyncTables
from holley_graph.settings import Settings
from holley_graph.times import DAY, moment


def find(before: SyncTables, digests: Mapping[str, str], settings: Settings, as_of: int) -> Earlier:
    """Say what of an earlier sync's tables holds.

    Args:
        before: of the same lineage and by the same rules.
        digests: of the raw tables as they are now.
        settings: `sync.late_days`, and the home.
        as_of: of this sync.
    """
    since = moment((min(before.as_of, as_of) // DAY - settings.sync.late_days) * DAY)
    same = _same(before, digests, settings, as_of)
    return Earlier(since, before.events, _unread(before, same, settings), same)


def _same(before: SyncTables, digests: Mapping[str, str], settings: Settings, as_of: int) -> frozenset[str]:
    """Name the clean tables that reading again would give again."""
    same_years = value_rules.last_year(settings, before.as_of) == value_rules.last_year(settings, as_of)
    tables = {name for name, digest in digests.items() if before.manifest["digests"].get(name) == digest}
    for feed in FEEDS:
        statement = statements.load(feed.clean.name)
        if tables.issuperset(statement.reads) and feed.clean is not contracts.EVENTS:
            until = before.accounts[feed.raw].until
            known = until is None or as_of * 1_000_000 <= until
            if "last_year" in statement.params and not same_years:
                continue
            if "as_of" not in statement.params or (before.as_of <= as_of and known):
                tables.add(f"clean_{feed.clean.name}")
    return frozenset(tables - digests.keys())


def _unread(before: SyncTables, same: frozenset[str], settings: Settings) -> dict[str, Unread]:
    """Find the feeds that are the same and that no feed which is read reads: its engine has raw tables only."""
    needed, unread = set[str](), {}
    for feed in reversed(FEEDS):
        clean, letters = f"clean_{feed.clean.name}", _letters(before, settings.home, feed)
        lost = before.accounts[feed.raw].rejected and not letters
        # Whoever shares an address with the forgotten is found by the rows that were left out.
        forgotten = feed.clean is contracts.USERS and tombstones.known(settings.home)
        if clean in same and clean not in needed and not lost and not forgotten:
            unread[feed.raw] = Unread(before.accounts[feed.raw], before.clean(feed.clean.name), letters)
        else:
            needed |= set(statements.load(feed.clean.name).reads)
    return unread


def _letters(before: SyncTables, home: Path, feed: Feed) -> Path | None:
    path = home / "rejects" / before.path.name / f"{feed.raw}.parquet"
    return path if path.is_file() else None
