"""Opens the Parquet files of a raw table: each has the columns of the contract, in whatever layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph.errors import SourceError
from holley_graph.loaders import contracts, parquet
from holley_graph.loaders.contracts import RawTable
from holley_graph.loaders.engine.engine import Engine, Relation
from holley_graph.loaders.source import SourceTable


def read(engine: Engine, folder: Path, table: RawTable) -> tuple[Relation, SourceTable]:
    """Open one table of a source, whose parts may differ in their columns and in how they are laid out.

    Returns:
        Rows with the columns of the contract, and what is there.

    Raises:
        SourceError: it is missing or unreadable, or a column is missing or of another type.
    """
    alike: dict[pa.Schema, list[str]] = {}
    rows = 0
    for file in parquet.files(folder, table.name):
        schema, in_file = _check(table, file, parquet.hive_columns(folder, file))
        alike.setdefault(schema, []).append(parquet.literal(file))
        rows += in_file
    named = table.columns | table.optional
    parts = [
        engine.duckdb.read_parquet(paths, hive_partitioning=False).project(_projection(named, schema))
        for schema, paths in alike.items()
    ]
    present = {name.lower(): name for schema in alike for name in schema.names}
    known = {name.lower() for name in named}
    unknown = tuple(name for lower, name in present.items() if lower not in known)
    return reduce(Relation.union, parts), SourceTable(rows, unknown)


def _check(table: RawTable, file: Path, in_folders: set[str]) -> tuple[pa.Schema, int]:
    """Hold one file's schema against the contract.

    Args:
        table: whose file it is.
        file: Parquet.
        in_folders: columns, in lower case, that folders above the file name.

    Returns:
        The schema and the number of rows.

    Raises:
        SourceError: it is not readable, or a column is missing, there twice or of another type.
    """
    schema, rows = _opened(table, file)
    _refuse_twins(table, file, schema.names, table.columns | table.optional)
    types = {field.name.lower(): field.type for field in schema}
    for name, expected in (table.columns | table.optional).items():
        if name.lower() in in_folders and name.lower() not in types:
            raise SourceError(
                f"table {table.name}, column {name}: is in the name of a folder above {file} and not in the file",
                "write the column into the files, too",
            )
        if name.lower() not in types and name in table.columns:
            raise SourceError(
                f"table {table.name}, column {name}: expected {expected}, found no such column in {file}",
                parquet.HINT,
            )
        is_ = types.get(name.lower(), expected)
        _refuse_twins(table, file, _fields(is_), _fields(expected), f", column {name}")
        if not _agrees(expected, is_):
            raise SourceError(
                f"table {table.name}, column {name}: expected {expected}, found {is_} in {file}", parquet.HINT
            )
    return schema.remove_metadata(), rows


def _projection(named: Mapping[str, pa.DataType], schema: pa.Schema) -> str:
    """Give the columns of the view that a statement reads; one that a file lacks is NULL."""
    present = {field.name.lower(): field for field in schema}
    return ", ".join(_read(name, type_, present.get(name.lower())) for name, type_ in named.items())


def _opened(table: RawTable, file: Path) -> tuple[pa.Schema, int]:
    try:
        with pq.ParquetFile(file) as opened:
            return opened.schema_arrow, int(opened.metadata.num_rows)
    except (OSError, pa.ArrowException) as error:
        first = (str(error).splitlines() or [""])[0]
        raise SourceError(
            f"table {table.name}: {file} is not a readable Parquet file: {first}", parquet.HINT
        ) from error


def _refuse_twins(table: RawTable, file: Path, names: list[str], expected: Iterable[str], where: str = "") -> None:
    """Refuse names that differ in case alone: nobody knows which of them is meant."""
    for name in expected:
        same = [other for other in names if other.lower() == name.lower()]
        if len(same) > 1:
            raise SourceError(
                f"table {table.name}{where}: {', '.join(same)} are the same name in {file}",
                "names compare without regard to case: keep one of these columns",
            )


def _agrees(expected: pa.DataType, actual: pa.DataType) -> bool:
    """Whether `found` is `expected` up to Arrow's layout; a column without any value has no type of its own."""
    if pa.types.is_null(actual):
        return True
    if pa.types.is_dictionary(actual):
        return _agrees(expected, actual.value_type)
    if pa.types.is_string(expected):
        return bool(
            pa.types.is_string(actual) or pa.types.is_large_string(actual) or pa.types.is_string_view(actual)
        )
    if pa.types.is_timestamp(expected):  # any unit; without a zone it is UTC
        return bool(pa.types.is_timestamp(actual))
    if pa.types.is_list(expected):
        is_list = pa.types.is_list(actual) or pa.types.is_large_list(actual)
        return is_list and _agrees(expected.value_type, actual.value_type)
    if pa.types.is_struct(expected):
        inner = {field.name.lower(): field.type for field in actual} if pa.types.is_struct(actual) else {}
        return all(field.name in inner and _agrees(field.type, inner[field.name]) for field in expected)
    return bool(expected == actual)


def _fields(type_: pa.DataType) -> list[str]:
    """Name the fields of a struct, or of a list of them."""
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return _fields(type_.value_type)
    return [field.name for field in type_] if pa.types.is_struct(type_) else []


def _read(name: str, type_: pa.DataType, present: pa.Field | None) -> str:
    column = "NULL" if present is None else f'"{present.name}"'
    return f'CAST({column} AS {_duckdb(type_)}) AS "{name}"'


def _duckdb(type_: pa.DataType) -> str:
    if pa.types.is_list(type_):
        return f"{_duckdb(type_.value_type)}[]"
    if pa.types.is_struct(type_):
        return f"STRUCT({', '.join(f'{field.name} {_duckdb(field.type)}' for field in type_)})"
    return "TIMESTAMPTZ" if pa.types.is_timestamp(type_) else contracts.DUCKDB[type_]
