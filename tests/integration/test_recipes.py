"""The recipes of `CONTRIBUTING.md` are complete: a toy that is added at their places, and nowhere else, works."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from holley_graph.graph.client import Graph
from holley_graph.settings import Settings
from tests.house import tree
from tests.support import toys
from tests.support.toy_feed import FEED
from tests.support.toys import Edit, Edits

DOCS = "make docs"


def places(recipe: str) -> list[str]:
    """What the numbered lines of a recipe begin with."""
    text = (tree.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition(f"\n### {recipe}\n")[2].partition("\n##")[0]
    return re.findall(r"^\d\. `([^`]+)`", section, flags=re.M)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is committed; git has to list its files, and needs no more of it than that."""
    copy = tmp_path / "checkout"
    for path in tree.committed():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tree.ROOT / path, copy / path)
    (copy / "holley_graph/loaders").symlink_to("../loaders")
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    return copy


def add(checkout: Path, recipe: str, toy: Mapping[str, Edit | Edits]) -> None:
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
from holley_graph.loaders import change
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
    rows = ast.literal_eval(python(checkout, "-c", TOYS, str(server.home)))  # other tests may have left parts
    assert len(rows) <= 3
    assert all(set(row) == {"sku"} for row in rows)


def test_a_setting_is_added_by_its_recipe(checkout: Path) -> None:
    add(checkout, "A setting", toys.SETTING)
    run_tests(checkout, "setting or settings.md", "tests/house/test_documents.py")
    assert "`toy_rows`" in (checkout / "docs/settings.md").read_text(encoding="utf-8")


RATED = """
import sys
from pathlib import Path
from holley_graph.graph.tables import read_tables
from holley_graph.graph.schema import RELATIONSHIPS
from holley_graph.progress import silent
from holley_graph.server.status import connect
from holley_graph.settings import BigQuery, load
from holley_graph.simulator import generate
from holley_graph.loaders import feeds, identity, sync, tombstones
from holley_graph.loaders.bigquery.tables import reference
from holley_graph.loaders.files import FilesSource
from holley_graph.loaders.flat.source import CsvSource
from tests.integration.test_statements import OTHER, SKU, USER, source
from tests.support import lists, raw

server, home = load(home=Path(sys.argv[1])), Path(sys.argv[2])
settings = load(home=home / "home", sync={"allow_empty": ["orders"]})
folder, at = source(home / "raw"), 1_767_225_600  # 2026-01-01

def rate(*rows):
    columns = dict(zip(("user_id", "sku", "stars"), zip(*rows)))
    raw.pq.write_table(raw.pa.table(columns), folder / "ratings.parquet")

with connect(server) as graph:
    def synced():
        report = sync.sync(FilesSource(folder), graph, settings, as_of=at).as_dict()
        (feed,) = (feed for feed in report["feeds"] if feed["name"] == "ratings")
        assert read_tables(graph, ["user", "product", "rated"])["rated"].num_rows == expected, report
        return report["mode"], {name: feed[name] for name in ("read", "rejected", "added", "changed", "removed")}

    rate((USER, SKU, 4), (USER, OTHER, 2), (USER, None, 1))
    settings = settings.model_copy(update={"sync": settings.sync.model_copy(update={"max_rejected_share": 0.5})})
    expected = 2
    print(*synced())
    print(synced()[0])
    rate((USER, SKU, 5), (USER, SKU, 3))
    expected = 1
    print(*synced())

tombstones.add(settings.home, identity.email_key(settings), [USER], None)
assert feeds.extract(FilesSource(folder), settings, at, silent).clean("ratings").num_rows == 0

shop = lists.write(home / "shop", {"orders.csv": "order,date,sku,email\\n1,2025-10-01,A1,a@example.org\\n"})
lists.read(shop, home / "shop-home")

world = generate(home / "world", users=60)
made = feeds.extract(FilesSource(home / "world"), load(home=home / "world-home"), world.as_of, silent)
assert made.clean("ratings").num_rows == 1

assert reference(BigQuery(ratings_table="stars"), "p", "ratings").table_id == "stars"
"""


def test_a_feed_is_added_by_its_recipe(checkout: Path, graph: Graph, server: Settings, tmp_path: Path) -> None:
    add(checkout, "A feed", FEED)
    message = python(checkout, "-c", RATED, str(server.home), str(tmp_path)).splitlines()
    assert message == [
        "changes {'read': 3, 'rejected': {'rating.no_sku': 1}, 'added': 2, 'changed': 0, 'removed': 0}",
        "unchanged",
        "changes {'read': 2, 'rejected': {}, 'added': 0, 'changed': 1, 'removed': 1}",
    ]
    house = ("tests/house/test_documents.py", "tests/house/test_statements.py", "tests/unit/test_engine.py")
    run_tests(checkout, "ratings or rated or make_docs or setting or reason", *house)
