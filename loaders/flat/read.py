"""Reads the files of a list: text or Parquet, in whatever columns, as one table of texts with file and line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial, reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph.errors import SourceError
from holley_graph.loaders import parquet
from holley_graph.loaders.engine.engine import Engine, Error, Relation
from holley_graph.loaders.flat import text
from holley_graph.loaders.flat.files import PARQUET
from holley_graph.loaders.flat.lists import List, resolve

LOST = pa.schema(
    [("list", pa.string()), ("error", pa.string()), ("file", pa.string()), ("line", pa.int64()), ("n", pa.int64())]
)
_MARK = rf"{text.MARK}[0-9]+"
_ENCODINGS = {"cp1252": "Latin-1", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}
_DELIMITERS = {",": "", ";": "semicolons", "\t": "tabs", "|": "bars"}
_MOST_NAMES = 8
_NAMED = "('MISSING COLUMNS', 'TOO MANY COLUMNS')"
_AGAIN = "export it again"
_FRACTION = r"\.0$"


Understood = tuple[Relation, str]
"""Rows of a file, and how it was understood."""
Lost = Callable[[Relation], None]
"""Takes rows that are none, with the columns of `LOST`."""


def rows(
    engine: Engine, list_: List, files: list[Path], mapped: Mapping[str, str], spool: Path, lost: Lost
) -> tuple[Relation, list[str]]:
    """Read the files of one list.

    Args:
        engine: that reads them.
        list_: what the files are.
        files: of the list; none: it is empty.
        mapped: our name of a column to the file's, from the settings.
        spool: folder for the copies that are read.
        lost: is given the rows that are none.

    Returns:
        File, line, and a text per column of the list; and how each file was understood.

    Raises:
        SourceError: a file is unreadable, or lacks a required column.
    """
    columns = [("file", pa.string()), ("line", pa.int64()), *((column, pa.string()) for column in list_.columns)]
    parts = [engine.read(pa.schema(columns).empty_table())]
    understood = []
    for path in files:
        of_file = _of_parquet if path.suffix.lower() == PARQUET else partial(_of_text, spool=spool, lost=lost)
        try:
            part, note = of_file(engine, list_, path, mapped)
        except Error as error:
            raise SourceError(f"{path} cannot be read: {str(error).splitlines()[0]}", _AGAIN) from error
        parts.append(part)
        understood.append(note)
    return reduce(Relation.union, parts), understood


def _of_parquet(engine: Engine, list_: List, path: Path, mapped: Mapping[str, str]) -> Understood:
    try:
        schema = pq.read_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{path} is not a readable Parquet file: {str(error).splitlines()[0]}", _AGAIN) from error
    columns = resolve(list_, schema.names, mapped, path)
    rows = engine.duckdb.read_parquet(parquet.literal(path), hive_partitioning=False, file_row_number=True)
    texts = {column: _parquet_text(schema.field(name)) for column, name in columns.items()}
    return _project(rows, list_, path, "file_row_number + 1", texts), _note(path, schema.names, columns)


def _parquet_text(field: pa.Field) -> str:
    """Spell a value as text; a whole number that is stored as a fraction has no `.0`."""
    column = '"{}"'.format(field.name.replace('"', '""'))
    whole = f"regexp_replace(CAST({column} AS VARCHAR), '{_FRACTION}', '')"
    return whole if pa.types.is_floating(field.type) else f"CAST({column} AS VARCHAR)"


def _of_text(
    engine: Engine, list_: List, path: Path, mapped: Mapping[str, str], spool: Path, lost: Lost
) -> Understood:
    head = text.header(path, lambda names: _known(list_, names, mapped))
    columns = resolve(list_, head.columns, mapped, path)
    number = len(list(spool.glob("*.csv")))
    copy, rejects = spool / f"{number}.csv", f"lost_{number}"
    lines = text.copy(path, head, copy)
    cells = engine.duckdb.read_csv(
        parquet.literal(copy), auto_detect=False, header=False, sep=head.delimiter, quotechar='"', escapechar='"',
        columns={"line": "VARCHAR"} | {f"c{n}": "VARCHAR" for n in range(len(head.columns))},
        store_rejects=True, rejects_table=rejects, rejects_scan=f"scan_{number}",
    )  # fmt: skip
    mark = f"{_MARK}[{head.delimiter}]"
    texts = {
        column: f"regexp_replace(c{head.columns.index(name)}, '{mark}', '', 'g')"
        for column, name in columns.items()
    }
    every = ", ".join(f"c{n}" for n in range(len(head.columns)))
    more = (
        f"1 + len(regexp_extract_all(concat_ws('', {every}), '{text.MARK}')) AS extent",
        f"coalesce({every}) IS NOT NULL AS is_filled",
    )
    numbered = cells.filter(f"regexp_full_match(line, '{_MARK}')")  # else the rest of a row that is lost
    known = _project(numbered, list_, path, "CAST(substr(line, 2) AS BIGINT)", texts, *more).materialize()
    for rows in _lost(engine.duckdb.table(rejects), known, head.lines, lines, list_, path, mark):
        lost(rows)
    how = ", ".join(filter(None, (_ENCODINGS.get(head.encoding, ""), _DELIMITERS[head.delimiter])))
    part = known.filter("is_filled").project("* EXCLUDE (extent, is_filled)")
    return part, _note(path, head.columns, columns, how)


def _lost(
    rejects: Relation, known: Relation, first: int, last: int, list_: List, path: Path, mark: str
) -> Iterator[Relation]:
    """Give the rows that are none, each with how many lines it takes.

    DuckDB names each row with too few or too many columns. Of a quote that is not closed it names the row before,
    and not what the quote swallows: these are the lines that are in no row at all. A blank line is no row.
    """
    feed, file = "items" if list_.name == "products" else list_.name, _quoted(path.name)
    line = f"CAST(regexp_extract(csv_line, '{text.MARK}([0-9]+)', 1) AS BIGINT)"
    lines = rejects.filter(f"error_type IN {_NAMED} AND contains(csv_line, '{text.MARK}')").aggregate(
        f"{line} AS line, 1 AS extent, any_value(lower(error_type)) AS error, "
        f"bool_and(regexp_full_match(csv_line, '\\s*{mark}\\s*')) AS is_blank",
        line,
    )
    yield lines.filter("NOT is_blank").project(f"'{feed}', error, {file}, line, 1")
    header = known.limit(0).aggregate(f"CAST({first} AS BIGINT) AS line, 1 AS extent")
    rows = known.project("line, extent").union(lines.project("line, extent")).union(header)
    gaps = rows.project(
        f"line + extent AS line, coalesce(lead(line) OVER (ORDER BY line), {last + 1}) - line - extent AS n"
    )
    yield gaps.filter("n > 0").project(f"'{feed}', 'unclosed quote', {file}, line, n")


def _known(list_: List, names: tuple[str, ...], mapped: Mapping[str, str]) -> int:
    """Count the columns of a list that a header has, whatever it lacks."""
    optional = List(list_.name, list_.columns, ())
    there = {column: name for column, name in mapped.items() if column in list_.columns and name in names}
    return len(resolve(optional, names, there, ""))


def _project(rows: Relation, list_: List, path: Path, line: str, texts: Mapping[str, str], *more: str) -> Relation:
    columns = [f'{texts.get(column, "CAST(NULL AS VARCHAR)")} AS "{column}"' for column in list_.columns]
    return rows.project(", ".join([f"{_quoted(path.name)} AS file", f"{line} AS line", *columns, *more]))


def _quoted(value: str) -> str:
    return "'{}'".format(value.replace("'", "''"))


def _note(path: Path, seen: tuple[str, ...] | list[str], columns: Mapping[str, str], how: str = "") -> str:
    used = ", ".join(
        column if re.sub(r"[\W_]", "", name.lower()) == column.replace("_", "") else f"{column} from {name!r}"
        for column, name in columns.items()
    )
    unused = [name for name in seen if name and name not in columns.values()]
    more = f" and {len(unused) - _MOST_NAMES} more" if len(unused) > _MOST_NAMES else ""
    left = f"; not used: {', '.join(unused[:_MOST_NAMES])}{more}" if unused else ""
    return f"{path.name}{f' ({how})' if how else ''}: {used}{left}"
