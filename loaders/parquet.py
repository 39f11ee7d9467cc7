"""The Parquet files of a raw table: a file, or a folder of parts however deep, never a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from holley_graph.errors import SourceError

HINT = "docs/contract.md lists the tables and columns of a source"
_DELTA = "_delta_log"
_HIVE = re.compile(r"^([^=]+)=")


def literal(path: Path) -> str:
    """Spell a path for DuckDB, which takes `[`, `*` and `?` in it for a pattern."""
    return re.sub(r"([\[*?])", r"[\1]", str(path))


def files(folder: Path, name: str) -> list[Path]:
    """Find the files of one table: `NAME.parquet`, or every part below the folder `NAME` or `NAME.parquet`.

    Raises:
        SourceError: there is none, there are two of these, or the folder holds what cannot be read as parts.
    """
    places = [path for path in (folder / f"{name}.parquet", folder / name) if path.is_file() or _parts(path)]
    if len(places) > 1:
        raise SourceError(
            f"table {name}: both {places[0]} and {places[1]} exist; expected one", "remove the older one"
        )
    if not places:
        expected = folder / f"{name}.parquet"
        raise SourceError(f"table {name}: expected {expected} or {folder / name}/*.parquet, found neither", HINT)
    return [places[0]] if places[0].is_file() else _parts(places[0])


def hive_columns(folder: Path, file: Path) -> set[str]:
    """Name the columns, in lower case, that folders above a file stand for (`dt=2025-12-01/`)."""
    above = file.relative_to(folder).parts[:-1]
    return {match[1].lower() for part in above if (match := _HIVE.match(part))}


def _parts(folder: Path) -> list[Path]:
    return sorted(_walk(folder)) if folder.is_dir() else []


def _walk(folder: Path) -> Iterator[Path]:
    """Give the Parquet files of a folder; names that begin with `_` or `.` are the writer's own, as Spark's."""
    for path in folder.iterdir():
        if path.name == _DELTA:
            raise SourceError(
                f"{folder} is a Delta table and cannot be read as Parquet files", "export it as plain Parquet"
            )
        if path.name.startswith(("_", ".")):
            continue
        if path.is_dir():
            yield from _walk(path)
        elif path.suffix.lower() == ".parquet":
            yield path
        else:
            raise SourceError(
                f"{path} is not named *.parquet", "leave only *.parquet files in the folder of a table"
            )
