"""The recipes of `CONTRIBUTING.md` are complete: a toy that is added at their places, and nowhere else, works."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from holley_graph.settings import Settings
from tests.house import tree
from tests.support import toys
from tests.support.toys import Edit

DOCS = "make docs"


def places(recipe: str) -> list[str]:
    """What the numbered lines of a recipe begin with."""
    text = (tree.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition(f"\n### {recipe}\n")[2].partition("\n##")[0]
    return re.findall(r"^\d\. `([^`]+)`", section, flags=re.M)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is committed; git has to list its files, and needs no more of it than that."""
    for path in tree.committed():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree.ROOT / path, tmp_path / path)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    return tmp_path


def add(checkout: Path, recipe: str, toy: Mapping[str, Edit]) -> None:
    """Do what a recipe says, and no more: a place that it leaves out is left out here."""
    for place in places(recipe):
        if place == DOCS:
            python(checkout, "cypher/generate.py")
            python(checkout, "docs/generate.py")
        else:
            toy[place].apply(checkout)


def python(checkout: Path, *arguments: str) -> str:
    """Run the copy's own modules: the checkout comes before what is installed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=checkout,
        env={"PYTHONPATH": str(checkout), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_tests(checkout: Path, chosen: str, *paths: str) -> None:
    """Run tests of the copy, those that a word chooses, at least one."""
    python(checkout, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", chosen, *paths)


def test_a_model_is_added_by_its_recipe(checkout: Path) -> None:
    add(checkout, "A model", toys.MODEL)
    assert "toy" in python(checkout, "-m", "holley_graph", "train", "--help")
    run_tests(
        checkout, "toy and not planted", "tests/unit/test_model_architectures.py", "tests/unit/test_model_tune.py"
    )
    run_tests(checkout, "architectures", "tests/house/test_tour.py")


STATEMENTS = """
import pyarrow as pa
from holley_graph.graph import queries
from loaders import change
from tests.integration.test_statements import parameters

tables = change.empty_tables()
tables["user"] = pa.Table.from_pylist([{name: None for name in tables["user"].column_names}])
given = parameters(tables, [])
assert set(given) == set(queries.names())
assert all(set(values) == set(queries.load(name).params) for name, values in given.items())
"""
TOYS = """
import sys
from pathlib import Path
from holley_graph.find import find
from holley_graph.server.status import connect
from holley_graph.settings import load

with connect(load(home=Path(sys.argv[1]))) as graph:
    print(find.toys(graph, k=3))
"""


def test_a_query_is_added_by_its_recipe(checkout: Path, server: Settings) -> None:
    add(checkout, "A Cypher statement", toys.QUERY)
    run_tests(
        checkout, "find/toy or used or cypher.md", "tests/house/test_statements.py", "tests/house/test_documents.py"
    )
    python(checkout, "-c", STATEMENTS)
    assert python(checkout, "-c", TOYS, str(server.home)) == "[]\n"


def test_a_setting_is_added_by_its_recipe(checkout: Path) -> None:
    add(checkout, "A setting", toys.SETTING)
    run_tests(checkout, "setting or settings.md", "tests/house/test_documents.py")
    assert "`toy_rows`" in (checkout / "docs/settings.md").read_text(encoding="utf-8")
