"""Looks for a person in every file: the proof that nothing was left.

What is looked for are values, not letters: user 7 is in a column of user ids, under such a key of JSON or at the
start of a path, not in the number 1972 and not in a SKU. Names that are long enough to be nobody else's are looked
for in every value.
"""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from holley_graph.forget.person import Person, telling
from holley_graph.gate import sheet

NOT_OURS = ("server", "demo")
"""Folders of the home that are not searched: the database is asked itself, and sources are generated."""
NAMING = {"user_id", "email", "email_lower", "email_hash", "ship_to_email"}
"""Columns and keys, in lower case, whose whole value names somebody."""
ROWS = "source_row"
"""Column of dead letters: the rejected row as JSON."""
KEYS_OF_USERS = "keys_user.parquet"
_OWNS = re.compile(r"^\(([^()]*)\)-\[:OWNS\]")
Value = tuple[bool, str]
"""Whether it stands where somebody is named, and what stands there."""


def files(home: Path) -> Iterator[Path]:
    """List what this tool keeps in its home."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.relative_to(home).parts[0] not in NOT_OURS:
            yield path


def naming(paths: Iterable[Path], person: Person) -> list[Path]:
    """Return the files in which any of a person's names stands."""
    return [path for path in paths if stands_in(path, person)]


def stands_in(path: Path, person: Person) -> bool:
    """Say whether a name of a person is a value of a file."""
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            every = path.name == KEYS_OF_USERS
            return any(bool(rows_naming(batch, person, every).any()) for batch in file.iter_batches())
    data = path.read_bytes()
    if not any(form in data for form in _forms(person.names)):
        return False
    text = data.decode("utf-8", errors="replace")
    try:
        return person.is_among(_values(path.suffix, text))
    except ValueError:  # no format, or not that one
        return _in_free_text(text, person)


def rows_naming(batch: pa.RecordBatch | pa.Table, person: Person, every: bool = False) -> npt.NDArray[np.bool_]:
    """[rows] whether a name of a person is a value of a row; `every`: all columns name people."""
    naming = np.zeros(batch.num_rows, bool)
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        naming |= _naming(column, person, every or name.lower() in NAMING, name == ROWS)
    return naming


def rows_of(table: pa.Table, person: Person) -> npt.NDArray[np.bool_]:
    """[rows] which rows of a table are a person's: what only mentions them elsewhere is not theirs."""
    whose = [name for name in table.column_names if name.lower() in NAMING or name == ROWS]
    return rows_naming(table.select(whose), person)


def _naming(column: Any, person: Person, named: bool, is_row: bool) -> npt.NDArray[np.bool_]:
    texts = _texts(column)
    if texts is None:
        return np.zeros(len(column), bool)
    names = person.names if named or is_row else tuple(filter(telling, person.names))
    form = pc.match_substring_regex(texts, r"^\s*[\[{(]")
    likely = pc.is_in(pc.utf8_lower(texts), value_set=pa.array([name.lower() for name in names], pa.string()))
    for name in _spellings(person.names):
        likely = pc.or_(likely, pc.and_(form, pc.match_substring(texts, name, ignore_case=True)))
    hits = np.zeros(len(column), bool)
    for row in np.flatnonzero(np.asarray(likely.fill_null(False))).tolist():
        hits[row] = person.is_among(_inside(texts[row].as_py(), named))
    return hits


def _texts(column: Any) -> Any:
    """Give a column's texts in one spelling, trimmed; those of a list as JSON; none: it has no text."""
    type_ = column.type
    if pa.types.is_dictionary(type_):
        return _texts(column.cast(type_.value_type))
    if pa.types.is_list(type_) and pa.types.is_string(type_.value_type):
        return pa.array([json.dumps(value, ensure_ascii=False) for value in column.to_pylist()], pa.string())
    if not (pa.types.is_string(type_) or pa.types.is_large_string(type_)):
        return None
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()))
    if pc.all(pc.string_is_ascii(texts)).as_py() is not False:
        return texts
    # pyarrow 25 takes NFKC apart (it gives NFKD), so not its own `utf8_normalize`
    return pa.array([value and unicodedata.normalize("NFKC", value) for value in texts.to_pylist()], pa.string())


def _values(suffix: str, text: str) -> Iterator[Value]:
    if suffix == ".csv":
        for record in csv.DictReader(text.splitlines(keepends=True)):
            yield from _walk(
                {name: sheet.unguarded(cell) for name, cell in record.items() if isinstance(cell, str)}
            )
    elif suffix in (".ndjson", ".jsonl"):
        for line in text.splitlines():
            yield from _walk(json.loads(line))
    elif suffix == ".json":
        yield from _walk(json.loads(text))
    else:
        raise ValueError(suffix)


def _inside(text: str, named: bool) -> Iterator[Value]:
    """Give a text, the user whose path it is, and the values of the JSON that it is."""
    yield named, text
    if owner := _OWNS.match(text):
        yield True, owner[1]
    if text.lstrip()[:1] in ("{", "["):
        try:
            yield from _walk(json.loads(text), named)
        except ValueError:
            return


def _walk(value: Any, named: bool = False) -> Iterator[Value]:
    if isinstance(value, str):
        yield from _inside(value, named) if not named else ((True, value),)
    elif isinstance(value, dict):
        is_email = str(value.get("property_name", "")).lower() == "email"
        for key, child in value.items():
            yield False, str(key)
            yield from _walk(child, str(key).lower() in NAMING or (is_email and key == "string_value"))
    elif isinstance(value, list):
        for child in value:
            yield from _walk(child, named)


def _spellings(names: Iterable[str]) -> list[str]:
    """Give names as text and as JSON without other letters than ASCII."""
    return sorted({form for name in names for form in (name, json.dumps(name)[1:-1])})


def _forms(names: Iterable[str]) -> list[bytes]:
    """Give every way in which a name is written in a file of text."""
    return [form.encode() for name in _spellings(names) for form in (name, name.upper())]


def _in_free_text(text: str, person: Person) -> bool:
    """Look for whole names in text without a form."""
    names = [re.escape(name) for name in person.names if telling(name)]
    return bool(names) and re.search(rf"(?<![\w.@-])(?:{'|'.join(names)})(?![\w@-])", text, re.I) is not None
