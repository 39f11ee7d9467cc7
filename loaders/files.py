"""The `files` engine: raw tables as Parquet in a folder, read by DuckDB in bounded memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from holley_graph import files
from holley_graph.errors import SourceError
from holley_graph.progress import Progress
from holley_graph.settings import Settings
from loaders import contracts, parquet, shapes, sqltext
from loaders.source import SourceTable
from loaders.sqltext import Statement

_VALUE = re.compile(r'value ".*"', re.DOTALL)
"""What an engine's message quotes of a row: it may be an address."""


class FilesSource:
    """A folder with a file `NAME.parquet`, or a folder of parts, of every raw table."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.notes: list[str] = []

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    @property
    def lineage(self) -> str:
        """Exports come in a new folder each day, and continue each other."""
        return "files"

    def settled(self, settings: Settings) -> Settings:
        """Leave the settings as they are."""
        return settings

    def open(
        self, connection: duckdb.DuckDBPyConnection, run_id: str, progress: Progress
    ) -> dict[str, SourceTable]:
        """Hold every table's files against its contract before anything runs; say what is there.

        Raises:
            SourceError: a table is missing or unreadable, or a column is missing or of another type.
        """
        found = {}
        for table in contracts.RAW:
            rows, found[table.name] = shapes.read(connection, self.folder, table)
            rows.create_view(f"raw_{table.name}")
        return found

    def cost(self, statement: Statement, values: Mapping[str, Any]) -> None:
        """Reading files costs nothing."""

    def run(
        self, connection: duckdb.DuckDBPyConnection, statement: Statement, values: Mapping[str, Any], into: str
    ) -> None:
        """Run a feed's statement and leave its result in `connection` as table `into`.

        Raises:
            SourceError: a file's data cannot be read although its schema could.
        """
        where = {table.name: f"raw_{table.name}" for table in contracts.RAW if table.name in statement.reads}
        try:
            connection.sql(sqltext.duckdb(statement.name, where), params=dict(values)).create(into)
        except duckdb.Error as error:
            said = _VALUE.sub("a text", str(error)).splitlines()[0]
            raise SourceError(f"feed {statement.name}: {said}") from error

    def close(self) -> None:
        """Nothing was made."""

    def digests(self) -> dict[str, str]:
        """Condense the content of every table's files; an unchanged table has an unchanged digest.

        Raises:
            SourceError: a table is missing.
        """
        return {table.name: _digest(parquet.files(self.folder, table.name)) for table in contracts.RAW}


def _digest(paths: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(bytes.fromhex(files.digest(path)))
    return whole.hexdigest()
