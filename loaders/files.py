"""The source `files:DIR`: raw tables as Parquet in a folder, read by the engine in bounded memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holley_graph import files
from holley_graph.errors import SourceError
from holley_graph.loaders import contracts, parquet, shapes
from holley_graph.loaders.engine.engine import Engine, Error, Relation, Rows
from holley_graph.loaders.source import RawTables, SourceTable
from holley_graph.progress import Progress
from holley_graph.settings import Settings

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

    @contextmanager
    def open(self, engine: Engine, run_id: str, progress: Progress) -> Iterator[RawTables]:
        """Hold every table's files against its contract before anything runs.

        Raises:
            SourceError: a table is missing or unreadable, or a column is missing or of another type.
        """
        opened = {table.name: shapes.read(engine, self.folder, table) for table in contracts.RAW}
        tables = {name: rows for name, (rows, _) in opened.items()}
        yield FileTables(engine, tables, {name: there for name, (_, there) in opened.items()})

    def digests(self) -> dict[str, str]:
        """Condense the content of every table's files; an unchanged table has an unchanged digest.

        Raises:
            SourceError: a table is missing.
        """
        return {table.name: _digest(parquet.files(self.folder, table.name)) for table in contracts.RAW}


@dataclass(frozen=True)
class FileTables:
    """Raw tables that the engine reads where they are."""

    engine: Engine
    tables: Mapping[str, Rows]
    found: Mapping[str, SourceTable]

    def cost(self, name: str, **values: Any) -> None:
        """Reading files costs nothing."""

    def run(self, name: str, clean: Mapping[str, Relation], **values: Any) -> Relation:
        """Run a statement.

        Raises:
            SourceError: a file's data cannot be read although its schema could.
        """
        try:
            return self.engine.keep(name, {**clean, **self.tables}, **values)
        except Error as error:
            message = _VALUE.sub("a text", str(error)).splitlines()[0]
            raise SourceError(f"feed {name}: {message}", "write the files of this table again") from error


def _digest(paths: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in paths:
        whole.update(bytes.fromhex(files.digest(path)))
    return whole.hexdigest()
