"""The tour has a line for every file of the package, and no line for one that is gone."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.house import tree

FOLDERS = sorted({path.parent for path in tree.with_suffix(".py") if path.parts[0] == "holley_graph"})
ROOMS = [*FOLDERS, Path("loaders"), Path("spark"), Path("cypher"), Path("sql")]
UNLISTED = {"__init__.py", "__main__.py", "py.typed"}


@cache
def listed() -> dict[str, list[str]]:
    """First cells of each section's table, by the section's heading."""
    text = (tree.ROOT / "docs/tour.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### (\S+)/\n(.*?)(?=^##|\Z)", text, flags=re.M | re.S)
    return {heading: re.findall(r"^\| `([^`]+)` \|", body, flags=re.M) for heading, body in sections}


def entries(room: Path) -> list[str]:
    """Modules of a room, and folders beneath it that are no rooms of their own."""
    names = set()
    for path in tree.committed():
        if room not in path.parents:
            continue
        first = path.relative_to(room).parts[0]
        if room / first not in ROOMS and first not in UNLISTED:
            names.add(first if path.parent == room else f"{first}/")
    return sorted(names)


@pytest.mark.parametrize("room", ROOMS, ids=str)
def test_the_tour_has_a_line_for_every_file(room: Path) -> None:
    assert sorted(listed()[str(room)]) == entries(room)


def test_the_tour_names_no_room_that_is_gone() -> None:
    assert set(listed()) <= {str(room) for room in ROOMS}
