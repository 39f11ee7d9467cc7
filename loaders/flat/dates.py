"""Reads the dates of the lists, and says how they are written where none of them can be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from holley_graph.errors import SettingsError, SourceError
from holley_graph.loaders.engine.engine import Engine, Relation

_COLUMNS = {"orders": "date", "events": "time", "users": "updated_at"}
_DAYS = (
    "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%Y%m%d",
    "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y",
)  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %I:%M %p")
_FORMATS = [day + clock for day in _DAYS for clock in _CLOCKS]
_MOST = 1000  # texts that formats are tried on


def read(engine: Engine, lists: Mapping[str, Path], date_format: str | None) -> Relation:
    """Give every text that says a time, with what it says.

    Raises:
        SettingsError: the format is none.
    """
    try:
        return engine.keep("flat/moments", lists, date_format=date_format)
    except duckdb.InvalidInputException as error:
        raise SettingsError(
            f"setting csv.date_format: {date_format!r} is no format: {error}", "%d.%m.%Y is one"
        ) from error


def stop_if_none_is_read(
    engine: Engine, lists: Mapping[str, Path], moments: Relation, paths: Mapping[str, list[Path]]
) -> None:
    """Refuse a column of dates of which none can be read: all its rows would be lost.

    Raises:
        SourceError: naming one of them, and the formats that read all.
    """
    for name, column in _COLUMNS.items():
        if name in paths:
            _stop_if_none(engine.read(lists[f"list_{name}"]), moments, paths[name][0], column)


def _stop_if_none(rows: Relation, moments: Relation, path: Path, column: str) -> None:
    texts = rows.project(f'trim("{column}") AS text').filter("text <> ''").distinct()
    readable = moments.filter('"at" IS NOT NULL').project("trim(text) AS text")
    if not texts.limit(1).fetchall() or texts.join(readable, "text", how="semi").limit(1).fetchall():
        return
    sample = texts.order("text").limit(_MOST)
    fits = sample.aggregate(
        ", ".join(f"bool_and(try_strptime(text, '{pattern}') IS NOT NULL)" for pattern in _FORMATS)
    )
    formats = [f'"{pattern}"' for pattern, fit in zip(_FORMATS, fits.fetchall()[0], strict=True) if fit]
    (example,) = sample.fetchall()[0]
    hint = f"set csv.date_format = {' or '.join(formats)}" if formats else "set csv.date_format"
    raise SourceError(f"{path}, {column}: no date is readable, for example {example!r}", hint)
