"""The notebooks of the documents run from top to bottom on a graph, cell by cell, in a real kernel."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from holley_graph.embeddings.writeback import write_back
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from tests.house import tree
from tests.support import runs
from tests.support.held import held
from tests.support.sources import home

NOTEBOOKS = tree.with_suffix(".ipynb")
AS_OF = seconds("2026-01-01")


@pytest.fixture
def released(graph: Graph, tmp_path: Path) -> Graph:
    """A world of the demo's kind with a live release, its vectors drawn at random."""
    source = generate(tmp_path / "world", users=400, seed=7, as_of=AS_OF).folder
    sync.sync(FilesSource(source), graph, home(tmp_path / "home"), as_of=AS_OF)
    write_back(graph, runs.write(runs.draw(held(graph), 1), tmp_path / "run"))
    return graph


@pytest.mark.parametrize("path", NOTEBOOKS, ids=str)
def test_a_notebook_runs_and_draws_what_it_shows(
    path: Path, server: Settings, released: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOLLEY_GRAPH_HOME", str(server.home))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    notebook = nbformat.read(tree.ROOT / path, as_version=4)
    shown = [kinds(cell) for cell in notebook.cells]
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert [kinds(cell) for cell in notebook.cells] == shown


def kinds(cell: nbformat.NotebookNode) -> list[str]:
    """What a cell shows, by media type; a warning would be text on a stream."""
    outputs = cell.get("outputs", [])
    return sorted(kind for output in outputs for kind in output.get("data", {output["output_type"]: None}))
