"""The Spark job writes what a sync writes, and the next sync goes on from there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from holley_graph.graph import migrations
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.server.layout import Layout
from holley_graph.server.status import address
from holley_graph.settings import Privacy, Settings, load
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from tests.support.held import assert_same, held
from tests.support.server import wipe

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-spark" / "bin" / "python"
QUICK = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""A run is too short to earn back what the second compiler costs: half of the time."""
AS_OF = seconds("2026-01-01")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("spark") / "world", users=60, as_of=AS_OF).folder


def connector(server: Settings) -> Path:
    process = subprocess.run(
        [sys.executable, ROOT / "spark" / "connector.py"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return Path(process.stdout.strip())


def job(server: Settings, tables: Path, writers: int) -> subprocess.CompletedProcess[str]:
    if not PYTHON.exists():
        raise RuntimeError(f"{PYTHON} does not exist: run `make spark`")
    command: list[str | Path] = [PYTHON, ROOT / "spark" / "load_graph.py", "--writers", str(writers)]
    command += ["--tables", tables, "--connector", connector(server), "--uri", address(server).uri]
    command += ["--password-file", Layout.of(server).password_file]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=os.environ | QUICK)


def test_its_graph_is_that_of_a_sync_and_the_next_sync_goes_on_from_there(
    server: Settings, graph: Graph, world: Path, tmp_path: Path
) -> None:
    key = tmp_path / "email.key"
    key.write_text("a key of more than sixteen bytes")
    settings, other = (load(home=tmp_path / name, privacy=Privacy(email_key_file=key)) for name in ("a", "b"))
    source = FilesSource(world)
    sync.sync(source, graph, other, as_of=AS_OF)
    wanted = held(graph)
    wipe(graph)

    report = sync.sync(source, graph, settings, as_of=AS_OF, tables_only=True)
    tables = settings.home / "taken" / report.run_id
    assert report.mode == "tables"
    assert not any(held(graph).values())
    refused = job(server, tables, writers=1)
    assert (refused.returncode, refused.stderr.splitlines()[-1]) == (
        1,
        "the graph has no keys yet, and without them every row is a search: run holley-graph migrate",
    )
    assert not any(held(graph).values())
    migrations.apply(graph)
    done = job(server, tables, writers=2)
    assert done.returncode == 0, done.stderr
    assert_same(held(graph), wanted)
    assert sync.sync(source, graph, settings, as_of=AS_OF).mode == "unchanged"

    # again, over a graph that holds something: nothing is doubled, and the next sync makes sure of it
    done = job(server, tables, writers=1)
    assert done.returncode == 0, done.stderr
    assert_same(held(graph), wanted)
    mended = sync.sync(source, graph, settings, as_of=AS_OF)
    assert mended.mode == "changes"
    assert [feed["added"] + feed["changed"] + feed["removed"] for feed in mended.feeds] == [0] * 5
