"""Tables to a file, block by block: CSV, Parquet or NDJSON by its suffix."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as pq

from holley_graph import files
from holley_graph.errors import SettingsError
from loaders import sheet


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
        parts: list[Any] = []
        for index, name in enumerate(table.column_names):
            parts += [("," if index else "{") + json.dumps(name) + ":", _json(table[name])]
        lines = pc.binary_join_element_wise(*parts, "}\n", "")
        for text in lines.to_pylist():
            self.file.write(text.encode())

    def close(self) -> None:
        """Nothing is pending."""


class Csv:
    """Comma-separated; text that a spreadsheet would run as a formula is guarded, unless that is not wanted."""

    def __init__(self, file: BinaryIO, schema: pa.Schema, guard: bool) -> None:
        self.writer, self.guard = csv.CSVWriter(file, schema), guard

    def write_table(self, table: pa.Table) -> None:
        """Append a block."""
        for index, field in enumerate(table.schema if self.guard else ()):
            if pa.types.is_string(field.type):
                table = table.set_column(index, field, sheet.guarded(table[index]))
        self.writer.write_table(table)

    def close(self) -> None:
        """Finish the last block."""
        self.writer.close()


FORMATS: dict[str, Callable[[BinaryIO, pa.Schema, bool], Writer]] = {
    ".csv": Csv,
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


def write(path: Path, schema: pa.Schema, blocks: Iterable[pa.Table], guard: bool = True) -> int:
    """Write blocks to a private file that takes its name when all are written.

    Args:
        path: the file; its suffix says the format.
        schema: of the blocks.
        blocks: one after the other.
        guard: whether CSV is made safe for spreadsheets.

    Returns:
        Rows.
    """
    check_suffix(path)
    rows = 0
    with files.replacing(path, durable=True) as file:
        writer = FORMATS[path.suffix](file, schema, guard)
        for block in blocks:
            writer.write_table(block)
            rows += block.num_rows
        writer.close()
    return rows


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
