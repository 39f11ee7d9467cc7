"""Rows may be there and mean nothing any more: a sync that would remove much of the graph stops first."""

from __future__ import annotations

from pathlib import Path

import pytest

from holley_graph.errors import SourceError
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from tests.support.held import held
from tests.support.sources import Rows, edited, home

AS_OF = seconds("2026-01-01")


def renamed_views(rows: Rows) -> Rows:
    """As after an update of the shop's tracking: every other view is of an event that nobody knows."""
    viewed = [row["event_name"].upper() == "VIEWED PRODUCT" if row["event_name"] else False for row in rows]
    return [
        row | {"event_name": "Product Page"} if is_view and i % 2 else row
        for i, (row, is_view) in enumerate(zip(rows, viewed, strict=True))
    ]


def test_a_sync_that_would_remove_much_of_a_type_stops_and_says_which(graph: Graph, tmp_path: Path) -> None:
    source, settings = generate(tmp_path / "world", users=300, as_of=AS_OF).folder, home(tmp_path / "home")
    sync.sync(FilesSource(source), graph, settings, as_of=AS_OF)
    before = held(graph)
    shrunk = FilesSource(edited(source, tmp_path / "shrunk", events=renamed_views))
    with pytest.raises(SourceError, match=r"would remove VIEWED [\d,]+ of [\d,]+.*; allowed are 20% of each"):
        sync.sync(shrunk, graph, settings, as_of=AS_OF)
    assert held(graph) == before
    (note,) = sync.sync(shrunk, graph, settings, as_of=AS_OF, dry_run=True).notes
    assert note.startswith("a sync would stop: it would remove VIEWED")
    lenient = home(settings.home, sync={"max_removed_share": 0.9})
    assert sync.sync(shrunk, graph, lenient, as_of=AS_OF).mode == "changes"
    assert len(held(graph)["viewed"]) < len(before["viewed"])
