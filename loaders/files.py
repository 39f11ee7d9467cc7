"""The `files` engine: raw tables as Parquet in a folder, read by DuckDB in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph.errors import SourceError
from holley_graph.progress import Progress
from loaders import contracts, sqltext
from loaders.contracts import RawTable
from loaders.source import Found
from loaders.sqltext import Statement

_HINT = "docs/contract.md lists the tables and columns of a source"


class FilesSource:
    """A folder with `NAME.parquet`, or `NAME/*.parquet`, of every raw table."""

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

    def open(self, connection: duckdb.DuckDBPyConnection, run_id: str, progress: Progress) -> dict[str, Found]:
        """Hold every table's files against its contract before anything runs; say what is there.

        Raises:
            SourceError: a table is missing or unreadable, or a column is missing or of another type.
        """
        found = {}
        for table in contracts.RAW:
            files = self._files(table.name)
            rows = sum(_check(table, file) for file in files)
            named = table.columns | table.optional
            present = {name.lower(): name for name in pq.read_schema(files[0]).names}
            unknown = tuple(n for lower, n in present.items() if lower not in {name.lower() for name in named})
            found[table.name] = Found(rows, unknown)
            columns = ", ".join(_read(name, type_, set(present)) for name, type_ in named.items())
            parquet = connection.read_parquet([str(file) for file in files], union_by_name=True)
            parquet.project(columns).create_view(f"raw_{table.name}")
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
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise SourceError(f"feed {statement.name}: {str(error).splitlines()[0]}") from error

    def close(self) -> None:
        """Nothing was made."""

    def digests(self) -> dict[str, str]:
        """Condense the content of every table's files; an unchanged table has an unchanged digest.

        Raises:
            SourceError: a table is missing.
        """
        return {table.name: _digest(self._files(table.name)) for table in contracts.RAW}

    def _files(self, name: str) -> list[Path]:
        single, parts = self.folder / f"{name}.parquet", sorted((self.folder / name).glob("*.parquet"))
        if single.is_file() and parts:
            raise SourceError(f"table {name}: both {single} and {single.with_suffix('')}/ exist; expected one")
        if not single.is_file() and not parts:
            raise SourceError(
                f"table {name}: expected {single} or {single.with_suffix('')}/*.parquet, found neither", _HINT
            )
        return parts or [single]


def _digest(files: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _check(table: RawTable, file: Path) -> int:
    """Hold one file's schema against the contract and return its number of rows."""
    try:
        with pq.ParquetFile(file) as opened:
            schema, rows = opened.schema_arrow, opened.metadata.num_rows
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"table {table.name}: {file} is not a readable Parquet file: {error}", _HINT) from error
    found = {field.name.lower(): field.type for field in schema}
    for name, expected in (table.columns | table.optional).items():
        if name.lower() not in found and name in table.columns:
            raise SourceError(
                f"table {table.name}, column {name}: expected {expected}, found no such column in {file}", _HINT
            )
        is_ = found.get(name.lower(), expected)
        if not _agrees(expected, is_):
            raise SourceError(
                f"table {table.name}, column {name}: expected {expected}, found {is_} in {file}", _HINT
            )
    return int(rows)


def _agrees(expected: pa.DataType, found: pa.DataType) -> bool:
    """Whether `found` is `expected` up to Arrow's layout; a column without any value has no type of its own."""
    if pa.types.is_null(found):
        return True
    if pa.types.is_dictionary(found):
        return _agrees(expected, found.value_type)
    if pa.types.is_string(expected):
        return bool(pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found))
    if pa.types.is_timestamp(expected):  # any unit; without a zone it is UTC
        return bool(pa.types.is_timestamp(found))
    if pa.types.is_list(expected):
        is_list = pa.types.is_list(found) or pa.types.is_large_list(found)
        return is_list and _agrees(expected.value_type, found.value_type)
    if pa.types.is_struct(expected):
        inner = {field.name.lower(): field.type for field in found} if pa.types.is_struct(found) else {}
        return all(field.name in inner and _agrees(field.type, inner[field.name]) for field in expected)
    return bool(expected == found)


def _read(name: str, type_: pa.DataType, present: set[str]) -> str:
    """Give one column of the view that a statement reads; one that the source lacks is NULL."""
    return f'CAST({f"{name}" if name.lower() in present else "NULL"} AS {_duckdb(type_)}) AS "{name}"'


def _duckdb(type_: pa.DataType) -> str:
    if pa.types.is_list(type_):
        return f"{_duckdb(type_.value_type)}[]"
    if pa.types.is_struct(type_):
        return f"STRUCT({', '.join(f'{field.name} {_duckdb(field.type)}' for field in type_)})"
    return "TIMESTAMPTZ" if pa.types.is_timestamp(type_) else contracts.DUCKDB[type_]
