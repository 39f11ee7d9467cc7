"""What Neo4j's own files keep of a forgotten person, and that a store made anew keeps nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

from holley_graph.forget.forget import forget
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.server import lifecycle
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from holley_graph.workflows.sync import offline_import
from tests.support import raw
from tests.support.sources import edited

AS_OF = seconds("2026-01-01")
ANN = "Ann-under-an-id-that-is-too-long-to-be-packed-into-a-record-of-the-store"


def naming(folder: Path) -> set[str]:
    """Names of files that hold the id in plain bytes."""
    return {path.name for path in folder.rglob("*") if path.is_file() and ANN.encode() in path.read_bytes()}


def test_a_store_made_anew_keeps_no_byte_of_a_forgotten_person(own: Settings, tmp_path: Path) -> None:
    ann = raw.attributes(ANN, raw.at("2025-12-01"), email="ann@nowhere.example")
    world = generate(tmp_path / "world", users=300, as_of=AS_OF).folder
    source = FilesSource(edited(world, tmp_path / "source", user_attributes=lambda rows: [*rows, ann]))
    data = own.home / "server" / "data"
    with connect(own) as graph:
        sync.sync(source, graph, own, as_of=AS_OF, bulk=offline_import(own))
        forget(graph, own, ANN)
    lifecycle.down(own)
    assert naming(data)  # this is why the store is made anew

    for part in ("databases", "transactions"):
        shutil.rmtree(data / part / "neo4j")
    lifecycle.up(own)
    with connect(own) as graph:
        assert sync.sync(source, graph, own, as_of=AS_OF, bulk=offline_import(own)).mode == "bulk"
    lifecycle.down(own)
    assert naming(own.home) == set()
