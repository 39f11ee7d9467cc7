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

CHANGES = (
    ("a new kind of event", "sql/", "SQL statement", "events.sql"),
    ("another source of raw tables", "loaders/", "raw source", "source.py"),
    ("a query for analysts", "cypher/", "Cypher statement", "browse/"),
    ("a property of the graph", "holley_graph/graph/", "migrations, schema", "schema.py"),
    ("another graph model", "holley_graph/model/", "GraphSAGE", "architectures/models.py"),
    ("another ranker to compare with", "holley_graph/baselines/", "rankers", "rankers.py"),
    ("a metric", "holley_graph/evaluation/", "every ranker", "metrics.py"),
    ("a new column of the file for marketing", "holley_graph/export/", "one file", "rows.py"),
    ("a check before that file is sent", "holley_graph/gate/", "checks an export file", "checks.py"),
    ("another version of Neo4j", "holley_graph/server/", "embedded Neo4j", "server.lock"),
    ("a setting", "holley_graph/settings/", "every setting", "sections.py"),
    ("an exit code", "holley_graph/errors.py", "exit code", ""),
)
"""What somebody may want to change; the line of README's house that says so, by some of its words; the file."""


def house() -> dict[str, str]:
    """What README's house says of each folder, by its path."""
    text = (tree.ROOT / "README.md").read_text(encoding="utf-8")
    drawn = text.partition("## The house\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^ (  )?([\w.]+/?) {2,}(.+)$", drawn, flags=re.M)
    return {("holley_graph/" if inner else "") + name: says for inner, name, says in lines}


@pytest.mark.parametrize(
    ("folder", "says", "file"), [line[1:] for line in CHANGES], ids=[line[0] for line in CHANGES]
)
def test_the_house_in_the_readme_names_the_folder_of_a_change(folder: str, says: str, file: str) -> None:
    assert [name for name, line in house().items() if says in line] == [folder]
    assert (tree.ROOT / folder / file).exists()


def test_the_house_in_the_readme_has_every_room() -> None:
    rooms = {f"{path}/" for path in FOLDERS if len(path.parts) == 2} - {"holley_graph/loaders/"}
    assert rooms <= set(house())


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
