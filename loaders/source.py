"""What every source of raw tables can be asked, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from holley_graph.loaders.accounts import FeedAccount
from holley_graph.loaders.engine.engine import Engine, Relation
from holley_graph.progress import Progress
from holley_graph.settings import Settings


class Source(Protocol):
    """Where raw tables are."""

    @property
    def name(self) -> str:
        """What the graph's marker calls it."""

    @property
    def lineage(self) -> str:
        """Sources of one lineage continue each other: what one had before, the next need not tell again."""

    notes: list[str]
    """What a report should say beside its numbers."""

    def digests(self) -> dict[str, str]:
        """Condense every raw table; an equal digest means that nothing has changed in it."""

    def settled(self, settings: Settings) -> Settings:
        """Settings with what this source itself knows better, such as where its events begin."""

    def open(self, engine: Engine, run_id: str, progress: Progress) -> AbstractContextManager[RawTables]:
        """Hold every raw table against its contract. At the end of the block, what only it needed is removed."""


class RawTables(Protocol):
    """The raw tables of a source that is open, and how a statement is run on them."""

    @property
    def found(self) -> Mapping[str, SourceTable]:
        """What is there, by table."""

    def cost(self, name: str, **values: Any) -> Cost | None:
        """Say what a statement would read, for nothing; none: reading costs nothing here.

        Raises:
            TooExpensive: more than the settings allow.
        """

    def run(self, name: str, clean: Mapping[str, Relation], **values: Any) -> Relation:
        """Run a statement.

        Args:
            name: of the statement.
            clean: the clean tables that there are so far, as `clean_NAME`; a statement may read some of them.
            values: at least those that its header names.

        Returns:
            Its rows, in the engine that the source was opened with.
        """


@dataclass(frozen=True)
class SourceTable:
    """One raw table as it is."""

    rows: int | None
    """None: it is a view, which does not know."""
    unknown: tuple[str, ...] = ()
    """Columns that the contract does not name: noted and ignored."""
    may_be_missing: bool = False
    """The source may do without this table: it may have no rows, unless it had some."""


@dataclass(frozen=True)
class Unread:
    """A feed that would give again what it gave, as it lies there."""

    account: FeedAccount
    clean: Path
    """Parquet with the columns of its clean table."""
    letters: Path | None
    """Its dead letters; none: it rejected nothing."""


@dataclass(frozen=True)
class Earlier:
    """What an earlier sync left, of which the days before `since` are kept, and the feeds of `unread` whole."""

    since: datetime
    """A midnight, UTC: events from it on are read again."""
    events: tuple[Path, ...]
    """Parquet with the columns of `contracts.EVENTS`, waiting ones included."""
    unread: Mapping[str, Unread] = field(default_factory=dict)
    """By raw table."""
    same: frozenset[str] = frozenset()
    """Clean tables that would come again as they were, those of `unread` and others."""


@dataclass(frozen=True)
class Cost:
    """What one query would read, as the source estimates it for nothing."""

    query: str
    bytes: int
    price: float
    """US dollars, at `bigquery.price_per_tib`."""
