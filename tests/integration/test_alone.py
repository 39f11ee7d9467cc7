"""Who writes into a home or a graph has it to themselves, until they are done or dead."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from holley_graph.errors import GraphStateError
from holley_graph.graph.alone import in_graph, in_home
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from tests.support.sources import home

AS_OF = seconds("2026-01-01")

_HOLDS = """
import os, signal, sys
from pathlib import Path
from holley_graph.graph.alone import in_graph, in_home
from holley_graph.graph.client import Graph
uri, password, home = sys.argv[1:]
with Graph(uri, "neo4j", Path(password).read_text().strip()) as graph:
    with in_home(Path(home), "sync"), in_graph(graph, "sync"):
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_sync_waits_for_nobody_and_says_who_is_there(graph: Graph, tmp_path: Path) -> None:
    source = FilesSource(generate(tmp_path / "world", users=100, as_of=AS_OF).folder)
    settings = home(tmp_path / "home")
    with in_home(settings.home, "forget"), pytest.raises(GraphStateError, match=r"forget \(process \d+\) works in"):
        sync.sync(source, graph, settings, as_of=AS_OF)
    with in_graph(graph, "rollback"):
        with pytest.raises(GraphStateError, match="rollback works on this graph"):
            sync.sync(source, graph, settings, as_of=AS_OF)
        assert sync.sync(source, graph, settings, as_of=AS_OF, dry_run=True).mode == "dry-run"
    assert sync.sync(source, graph, settings, as_of=AS_OF).mode == "changes"


def test_both_locks_end_with_their_process(server: Settings, graph: Graph, tmp_path: Path) -> None:
    address, password = f"bolt://127.0.0.1:{server.server.bolt_port}", Layout.of(server).password_file
    command = [sys.executable, "-c", _HOLDS, address, str(password), str(tmp_path)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    with in_home(tmp_path, "writeback"), in_graph(graph, "writeback"):
        assert [row["work"] for row in graph.read("server/work")] == ["writeback"]


def test_of_two_that_come_at_once_one_stays(graph: Graph) -> None:
    with in_graph(graph, "first") as turn:
        turn.give()
        turn.take()
        with pytest.raises(GraphStateError, match="first works on this graph"), in_graph(graph, "second"):
            pass
    with in_graph(graph, "second"):
        pass
