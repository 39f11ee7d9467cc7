"""Tables to a file, block by block: CSV, Parquet or NDJSON by its suffix."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from holley_graph import files
from holley_graph.errors import SettingsError
from holley_graph.gate import sheet

MONEY = pa.decimal128(12, 2)


class Writer(Protocol):
    """Takes tables of one schema."""

    def write_table(self, table: pa.Table) -> None:
        """Append a block."""

    def close(self) -> None:
        """Finish what is written; the file itself stays open."""


class Ndjson:
    """One JSON object per line, keys in the order of the columns."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write_table(self, table: pa.Table) -> None:
        """Append a block."""
        table = table.cast(_with_money(table.schema), safe=False)
        parts: list[Any] = []
        for index, name in enumerate(table.column_names):
            parts += [("," if index else "{") + json.dumps(name) + ":", _json(table[name])]
        lines = pc.binary_join_element_wise(*parts, "}\n", "")
        for text in lines.to_pylist():
            self.file.write(text.encode())

    def close(self) -> None:
        """Nothing is pending."""


class CsvWriter:
    """Comma-separated; text that a spreadsheet would run as a formula is guarded, unless that is not wanted."""

    def __init__(self, file: BinaryIO, schema: pa.Schema, guard: bool) -> None:
        self.writer, self.guard = csv.CSVWriter(file, _with_money(schema)), guard

    def write_table(self, table: pa.Table) -> None:
        """Append a block."""
        table = table.cast(_with_money(table.schema), safe=False)
        for index, field in enumerate(table.schema if self.guard else ()):
            if pa.types.is_string(field.type):
                table = table.set_column(index, field, sheet.guarded(table[index]))
        self.writer.write_table(table)

    def close(self) -> None:
        """Finish the last block."""
        self.writer.close()


FORMATS: dict[str, Callable[[BinaryIO, pa.Schema, bool], Writer]] = {
    ".csv": CsvWriter,
    ".parquet": lambda file, schema, guard: pq.ParquetWriter(file, schema, compression="zstd"),
    ".ndjson": lambda file, schema, guard: Ndjson(file),
}


def check_suffix(path: Path) -> None:
    """Refuse a name that says no known format.

    Raises:
        SettingsError: the suffix is none of `FORMATS`.
    """
    if path.suffix not in FORMATS:
        raise SettingsError(f"{path}: no format has this suffix", f"use one of {', '.join(FORMATS)}")


def write(
    paths: Sequence[Path], schema: pa.Schema, blocks: Iterable[Sequence[pa.Table]], guard: bool = True
) -> list[int]:
    """Write blocks to private files that take their names when all are written.

    Args:
        paths: the files; their suffixes say the format.
        schema: of the blocks.
        blocks: one after the other, each with a table for every file.
        guard: whether CSV is made safe for spreadsheets.

    Returns:
        Rows of each file.
    """
    for path in paths:
        check_suffix(path)
    rows = [0] * len(paths)
    with ExitStack() as opened:
        handles = [opened.enter_context(files.replacing(path, durable=True)) for path in paths]
        writers = [FORMATS[path.suffix](file, schema, guard) for path, file in zip(paths, handles, strict=True)]
        for writer in writers:
            opened.callback(writer.close)  # before its file takes its name, or is given up
        for tables in blocks:
            for n, table in enumerate(tables):
                writers[n].write_table(table)
                rows[n] += table.num_rows
    return rows


def _with_money(schema: pa.Schema) -> pa.Schema:
    """Prices have two decimals where the format is text."""
    money = [pa.field(field.name, MONEY) if field.name.endswith("_price") else field for field in schema]
    return pa.schema(money)


def _json(column: pa.ChunkedArray) -> pa.Array:
    """Spell each value as JSON; a value that recurs is spelled once."""
    column = column.combine_chunks()
    if pa.types.is_timestamp(column.type):
        column = pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    if not pa.types.is_string(column.type):
        return pc.cast(column, pa.string()).fill_null("null")
    packed = pc.dictionary_encode(column)
    spelled = pa.array(
        [json.dumps(text, ensure_ascii=False) for text in packed.dictionary.to_pylist()], pa.string()
    )
    return spelled.take(packed.indices).fill_null("null")
