"""The files of the lists in a folder: one file, or a folder of them, per list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from holley_graph.errors import SourceError
from holley_graph.loaders.flat.lists import LISTS
from holley_graph.loaders.flat.text import SUFFIXES

PARQUET = ".parquet"
_HINT = "holley-graph templates DIR writes an example of each list"


def find(folder: Path) -> dict[str, list[Path]]:
    """Find the files of every list that is there.

    Raises:
        SourceError: there is no such folder or no list in it, or a list is there twice.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder} is no folder", _HINT)
    there = sorted(folder.iterdir())
    lists = {list_.name: _of(list_.name, there) for list_ in LISTS}
    if not any(lists.values()):
        names = ", ".join(path.name for path in there) or "nothing"
        wanted = ", ".join(lists)
        raise SourceError(f"{folder} has no list; expected {wanted} as .csv or .parquet, found {names}", _HINT)
    return {name: files for name, files in lists.items() if files}


def _of(name: str, there: list[Path]) -> list[Path]:
    places = [path for path in there if _is(name, path)]
    if len(places) > 1:
        raise SourceError(f"list {name}: both {places[0].name} and {places[1].name} exist", "keep one of them")
    return sorted(_files(places[0])) if places else []


def _is(name: str, path: Path) -> bool:
    if path.is_dir():
        return path.name.lower() == name and any(_files(path))
    return path.name.lower() in {f"{name}{suffix}" for suffix in (*SUFFIXES, PARQUET)}


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    for path in place.iterdir():
        if path.is_file() and path.name.lower().endswith((*SUFFIXES, PARQUET)):
            yield path
