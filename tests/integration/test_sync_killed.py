"""A sync killed at any point and run again gives the same graph as one that was never killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from holley_graph.errors import GraphStateError
from holley_graph.graph.client import Graph
from holley_graph.loaders import ageing, sync
from holley_graph.loaders.files import FilesSource
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings, Sync, Weights
from holley_graph.simulator.generate import generate
from holley_graph.snapshot import extract
from holley_graph.times import DAY, seconds
from tests.support.held import assert_same, held
from tests.support.sources import edited, expected, home

AS_OF = seconds("2026-01-01")
LATER = AS_OF + 20 * DAY

# The process kills itself, between two transactions, when `share` of stage `what` is done.
_KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from holley_graph.graph.client import Graph
from holley_graph.settings import Sync, load
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
home, uri, password, source, as_of, stage, share = sys.argv[1:]
def progress(what, done, of):
    if what == stage and done >= float(share) * of:
        os.kill(os.getpid(), signal.SIGKILL)
settings = load(home=Path(home), sync=Sync(batch_rows=97, atomic_rows=0, max_removed_share=1))
with Graph(uri, "neo4j", Path(password).read_text().strip()) as graph:
    sync.sync(FilesSource(Path(source)), graph, settings, as_of=int(as_of), progress=progress)
"""


def killed(server: Settings, settings: Settings, source: Path, as_of: int, stage: str, share: float) -> None:
    password = Layout.of(server).password_file
    address = f"bolt://127.0.0.1:{server.server.bolt_port}"
    arguments = [settings.home, address, password, source, as_of, stage, share]
    ended = subprocess.run([sys.executable, "-c", _KILLED, *map(str, arguments)], check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def state(graph: Graph) -> tuple[str, bool]:
    """The marker's state, and whether the weights are those of its as_of."""
    with graph.driver.session() as session:
        rows = session.run("MATCH (s:Sync) RETURN s.state, s.as_of, s.weights_version").single(strict=True)
    as_of = int(rows["s.as_of"].to_native().timestamp()) if rows["s.as_of"] else 0
    return rows["s.state"], rows["s.weights_version"] == ageing.weights_version(as_of, Weights())


def test_a_sync_killed_at_any_point_and_run_again_gives_the_same_graph(
    server: Settings, graph: Graph, tmp_path: Path
) -> None:
    first = generate(tmp_path / "first", users=300, as_of=AS_OF).folder
    second = edited(
        first,
        tmp_path / "second",
        user_attributes=lambda rows: rows[len(rows) // 3 :],
        orders=lambda rows: rows[::2],
        events=lambda rows: rows[len(rows) // 3 :],
        items=lambda rows: rows[20:],
        fitment=lambda rows: rows[:-10],
    )
    settings = home(tmp_path / "home", sync=Sync(batch_rows=97, atomic_rows=0, max_removed_share=1))
    wanted = {
        (first, AS_OF): expected(first, settings, AS_OF),
        (second, LATER): expected(second, settings, LATER),
    }
    points: Sequence[tuple[Path, int, str, float, tuple[str, bool]]] = (
        (first, AS_OF, "writing the graph", 0.5, ("writing", False)),  # into an empty graph
        (second, LATER, "extract orders", 1, ("complete", True)),  # nothing written yet
        (first, AS_OF, "writing the graph", 0.01, ("writing", True)),
        (second, LATER, "writing the graph", 0.7, ("writing", True)),
        (first, AS_OF, "writing the graph", 1, ("writing", True)),  # all rows, no marker
        (second, LATER, "refreshing weights", 0.6, ("complete", False)),  # marker, some weights
    )
    for source, as_of, stage, share, left in points:
        killed(server, settings, source, as_of, stage, share)
        assert state(graph) == left, (stage, share)
        if left[0] == "writing":
            with pytest.raises(GraphStateError, match="under way or was killed"):
                extract.take(graph, extract.options(settings.sync))
        again = sync.sync(FilesSource(source), graph, settings, as_of=as_of)
        assert again.mode == "changes"
        assert_same(held(graph), wanted[source, as_of])
        assert state(graph) == ("complete", True)
        assert [path.name for path in (settings.home / "taken").iterdir()] == [again.run_id]
    assert sync.sync(FilesSource(second), graph, settings, as_of=LATER).mode == "unchanged"


def test_what_cannot_be_written_down_is_not_committed(
    graph: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change in one transaction is written down meanwhile; the disk is full when the graph already took it."""
    source = generate(tmp_path / "world", users=300, as_of=AS_OF).folder
    settings = home(tmp_path / "home")
    before, rename = AS_OF - 9 * DAY, Path.rename
    sync.sync(FilesSource(source), graph, settings, as_of=before)
    had, left = held(graph), list((settings.home / "taken").iterdir())

    def full(path: Path, target: Path) -> Path:
        if target.parent.name == "taken":
            raise OSError("no space left on device")
        return rename(path, target)

    with monkeypatch.context() as broken, pytest.raises(OSError, match="no space left"):
        broken.setattr(Path, "rename", full)
        sync.sync(FilesSource(source), graph, settings, as_of=AS_OF)
    assert_same(held(graph), had)
    assert state(graph) == ("complete", True)
    assert set(left) == set((settings.home / "taken").iterdir())
    again = sync.sync(FilesSource(source), graph, settings, as_of=AS_OF, since_last=True)
    assert again.mode == "changes"
    assert_same(held(graph), expected(source, settings, AS_OF))
    assert [path.name for path in (settings.home / "taken").iterdir()] == [again.run_id]


def test_a_command_killed_from_outside_is_mended_by_the_same_command(
    server: Settings, graph: Graph, tmp_path: Path
) -> None:
    """The signal falls wherever it falls, inside a transaction too."""
    source = generate(tmp_path / "world", users=300, as_of=AS_OF).folder
    arguments = ["--home", tmp_path / "home", "--uri", f"bolt://127.0.0.1:{server.server.bolt_port}"]
    arguments += ["--password-file", Layout.of(server).password_file]
    arguments += ["sync", "--source", f"files:{source}", "--as-of", "2026-01-01"]
    command = [sys.executable, "-m", "holley_graph", *map(str, arguments)]
    slow = os.environ | {"HOLLEY_GRAPH_SYNC__BATCH_ROWS": "20", "HOLLEY_GRAPH_SYNC__ATOMIC_ROWS": "0"}
    child = subprocess.Popen(command, env=slow, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    with graph.driver.session() as session:
        seen = "MATCH (s:Sync {state: 'writing'}) RETURN EXISTS { (:Vehicle) }"
        while session.run(seen).value() != [True]:
            assert child.poll() is None, "it ended before it was killed"
    child.kill()
    child.wait()
    assert state(graph) == ("writing", False)
    subprocess.run(command, check=True, capture_output=True)
    assert_same(held(graph), expected(source, home(tmp_path / "home"), AS_OF))
