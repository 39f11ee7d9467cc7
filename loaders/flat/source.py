"""The source `csv:DIR`: lists of a shop, turned into the five raw tables, so that nothing behind it differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from holley_graph.files import digest
from holley_graph.loaders import contracts
from holley_graph.loaders.engine import statements
from holley_graph.loaders.engine.engine import Engine, Relation
from holley_graph.loaders.files import FilesSource, FileTables
from holley_graph.loaders.flat import files
from holley_graph.loaders.flat.shop import Shop, open_shop
from holley_graph.loaders.source import RawTables, SourceTable
from holley_graph.progress import Progress
from holley_graph.sealed import fingerprint
from holley_graph.settings import Settings

_FEEDS = {feed.raw: feed.clean.name for feed in contracts.FEEDS}
"""Raw table to the feed that accounts for its rows."""


class CsvSource(FilesSource):
    """A folder with lists."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        super().__init__(folder)
        self.settings = settings

    @property
    def name(self) -> str:
        """The folder, and what it holds."""
        return f"csv:{self.folder}"

    @property
    def lineage(self) -> str:
        """Lists that are read by the same rules continue each other."""
        texts = [statements.text(name) for name in statements.names() if name.startswith("flat/")]
        return f"csv:{fingerprint([self.settings.csv.model_dump(), *texts])}"

    def digests(self) -> dict[str, str]:
        """Condense all lists and how they are read: any raw table may follow from any list."""
        lists = files.find(self.folder)
        parts = {name: [(path.name, digest(path)) for path in paths] for name, paths in lists.items()}
        return dict.fromkeys((table.name for table in contracts.RAW), fingerprint([self.lineage, parts]))

    def settled(self, settings: Settings) -> Settings:
        """Move the boundary to where the events of the lists begin."""
        sync = settings.sync.model_copy(update={"boundary": self._shop.boundary})
        return settings.model_copy(update={"sync": sync})

    @contextmanager
    def open(self, engine: Engine, run_id: str, progress: Progress) -> Iterator[RawTables]:
        """Make the raw tables of the lists; that of fitment waits until the years that are believed are known.

        Raises:
            SettingsError, SourceError: a file is unreadable or lacks a column, or the settings of `csv` are wrong.
        """
        shop = self._shop
        self.notes = list(shop.notes)
        there = {table.name: _there(engine, shop, table.name) for table in contracts.RAW}
        tables = {raw: shop.file(f"raw_{raw}") for raw in _FEEDS}
        yield ListTables(engine, tables, there, shop)

    @cached_property
    def _shop(self) -> Shop:
        return open_shop(self.folder, self.settings)


@dataclass(frozen=True)
class ListTables(FileTables):
    """Raw tables that were made of lists."""

    shop: Shop

    def run(self, name: str, clean: Mapping[str, Relation], **values: Any) -> Relation:
        """Run a statement; the accounts of a feed get the rows of lists that became no raw row."""
        if name == "fitment":
            self.shop.make(self.engine, "years", **values)
            self.shop.make(self.engine, "fitment", "raw_fitment", **values)
            self.shop.make(self.engine, "bad_years", **values)
        result = super().run(name, clean, **values)
        if name in _FEEDS.values():
            result = self._with_letters(result, "letters", name)
        return self._with_letters(result, "bad_years", name) if name == "fitment" else result

    def _with_letters(self, result: Relation, letters_of: str, feed: str) -> Relation:
        letters = self.engine.read(self.shop.file(letters_of)).filter(f"feed = '{feed}'")
        columns = (
            f'CAST({name if name in letters.columns else "NULL"} AS {type_}) AS "{name}"'
            for name, type_ in zip(result.columns, result.types, strict=True)
        )
        return result.union(letters.project(", ".join(columns)))


def _there(engine: Engine, shop: Shop, raw: str) -> SourceTable:
    """Count rows, those that became no raw row included; a list need not be there."""
    table = "list_fitment" if raw == "fitment" else f"raw_{raw}"
    letters = engine.read(shop.file("letters")).filter(f"feed = '{_FEEDS[raw]}' AND outcome = 'read'")
    rows = engine.read(shop.file(table)).aggregate("count(*)")
    lost = letters.aggregate("coalesce(sum(n), 0)")
    return SourceTable(
        sum(int(n) for relation in (rows, lost) for (n,) in relation.fetchall()), may_be_missing=True
    )
