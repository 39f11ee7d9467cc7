"""The source `csv:DIR`: lists of a shop, turned into the five raw tables, so that nothing behind it differs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from holley_graph.files import digest
from holley_graph.progress import Progress
from holley_graph.sealed import fingerprint
from holley_graph.settings import Settings
from loaders import contracts, sqltext
from loaders.files import FilesSource
from loaders.flat import files
from loaders.flat.shop import Shop, open_shop
from loaders.source import SourceTable
from loaders.sqltext import Statement

_FEEDS = {
    "user_attributes": "users",
    "fitment": "fitment",
    "items": "items",
    "events": "events",
    "orders": "orders",
}
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
        texts = [sqltext.text(name) for name in sqltext.names() if name.startswith("flat/")]
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

    def open(
        self, connection: duckdb.DuckDBPyConnection, run_id: str, progress: Progress
    ) -> dict[str, SourceTable]:
        """Make the raw tables of the lists; that of fitment waits until the years that are believed are known.

        Raises:
            SettingsError, SourceError: a file is unreadable or lacks a column, or the settings of `csv` are wrong.
        """
        self._shop.show(connection)
        self.notes = list(self._shop.notes)
        return {table.name: _found(connection, table.name) for table in contracts.RAW}

    def run(
        self, connection: duckdb.DuckDBPyConnection, statement: Statement, values: Mapping[str, Any], into: str
    ) -> None:
        """Run a feed's statement, and add the rows of lists that became no raw row to its accounts."""
        if statement.name == "fitment":
            self._shop.make(connection, "years", values)
            self._shop.make(connection, "fitment", values, "raw_fitment")
            self._shop.make(connection, "bad_years", values)
        super().run(connection, statement, values, into)
        if statement.name in _FEEDS.values():
            _add_letters(connection, "letters", statement.name, into)
        if statement.name == "fitment":
            _add_letters(connection, "bad_years", statement.name, into)

    @cached_property
    def _shop(self) -> Shop:
        return open_shop(self.folder, self.settings)


def _add_letters(connection: duckdb.DuckDBPyConnection, letters_of: str, feed: str, into: str) -> None:
    result = connection.table(into)
    letters = connection.table(letters_of).filter(f"feed = '{feed}'")
    columns = (
        f'CAST({name if name in letters.columns else "NULL"} AS {type_}) AS "{name}"'
        for name, type_ in zip(result.columns, result.types, strict=True)
    )
    letters.project(", ".join(columns)).insert_into(into)


def _found(connection: duckdb.DuckDBPyConnection, raw: str) -> SourceTable:
    """Count rows, those that became no raw row included; a list need not be there."""
    table = "list_fitment" if raw == "fitment" else f"raw_{raw}"
    letters = connection.table("letters").filter(f"feed = '{_FEEDS[raw]}' AND outcome = 'read'")
    rows, lost = connection.table(table).aggregate("count(*)"), letters.aggregate("coalesce(sum(n), 0)")
    return SourceTable(sum(int(n) for each in (rows, lost) for (n,) in each.fetchall()), may_be_missing=True)
