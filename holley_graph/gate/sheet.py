"""An export file read back: CSV, Parquet or NDJSON by its suffix."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.errors import SourceError
from holley_graph.loaders import parquet
from holley_graph.loaders.engine.engine import Engine, Error, Relation

_FORMULA = r"'*[=+\-@\t\r\n＝＋－＠]"
"""How a cell of CSV begins that a spreadsheet would run, or that `guarded` would not give back (RE2)."""
_UNGUARDED = rf"""regexp_replace("{{0}}", '\A''({_FORMULA.replace("'", "''")})', '\1')"""


def guarded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Put `'` before texts that a spreadsheet would take for formulas, as OWASP advises."""
    return pc.replace_substring_regex(column, rf"\A({_FORMULA})", r"'\1")


def unguarded(text: str) -> str:
    """Undo `guarded` in one cell."""
    return text[1:] if re.match(rf"'{_FORMULA}", text) else text


def read(engine: Engine, path: Path, columns: Sequence[str]) -> Relation:
    """Read some columns of a file, as text where the format has no types, with the number of each row as `row`.

    Raises:
        SourceError: it is unreadable, or lacks one of the columns.
    """
    try:
        if path.suffix == ".csv":
            cells = engine.duckdb.read_csv(
                parquet.literal(path), header=True, all_varchar=True, sep=",", quotechar='"'
            )
            relation = cells.project(", ".join(f'{_UNGUARDED.format(name)} AS "{name}"' for name in cells.columns))
        elif path.suffix == ".ndjson":
            with path.open(encoding="utf-8") as file:
                names = json.loads(file.readline() or "{}")
            relation = engine.duckdb.read_json(
                parquet.literal(path), format="newline_delimited", columns=dict.fromkeys(names, "VARCHAR")
            )
        elif path.suffix == ".parquet":
            relation = engine.read(path)
        else:
            raise SourceError(
                f"{path} is neither CSV, Parquet nor NDJSON by its suffix", "name it .csv, .parquet or .ndjson"
            )
    except (Error, OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read: {str(error).splitlines()[0]}", "export it again") from error
    missing = [name for name in columns if name not in relation.columns]
    if missing:
        raise SourceError(
            f"{path} lacks {len(missing)} columns, {missing[0]} among them", "use a file of the wide format"
        )
    return relation.project(", ".join(("row_number() OVER () AS row", *columns)))
