"""What the vector index finds, of a catalogue in which it is hard: thousands of parts that are much alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holley_graph.embeddings import table
from holley_graph.embeddings.table import Table
from holley_graph.embeddings.writeback import write_back
from holley_graph.errors import ReleaseCheckFailed
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Sync
from holley_graph.times import seconds
from tests.support import raw, runs
from tests.support.held import held
from tests.support.sources import home

AS_OF = seconds("2026-01-01")


def test_a_graph_in_which_one_vehicle_has_5000_parts_passes_the_check_as_many_as_answers_ask_for(
    graph: Graph, tmp_path: Path
) -> None:
    """A check that asks for fewer neighbours than answers do would refuse it, and says which setting that is."""
    skus = [f"P{number:04d}" for number in range(5_000)]
    raw.write(
        tmp_path / "source",
        {
            "user_attributes": [],
            "fitment": [raw.fitment("1969", "FORD", "F-150", skus)],
            "items": [raw.item(sku, "Gauge") for sku in skus],
            "events": [],
            "orders": [],
        },
    )
    rules = Sync(allow_empty=("user_attributes", "events", "orders"))
    sync.sync(FilesSource(tmp_path / "source"), graph, home(tmp_path / "home", sync=rules), as_of=AS_OF)
    tables = runs.draw(held(graph), 1)
    rng = np.random.default_rng(0)
    crowded = rng.normal(0, 0.3, (5_000, 32)).astype(np.float32), rng.normal(0, 0.3, 5_000).astype(np.float32)
    one = {name: table.queries(np.zeros((len(table_.keys), 32), np.float32)) for name, table_ in tables.items()}
    one["product"] = table.products(*crowded)
    run = runs.write(
        tables | {name: Table(tables[name].keys, table_) for name, table_ in one.items()}, tmp_path / "runs" / "r1"
    )
    with pytest.raises(ReleaseCheckFailed, match="of the true neighbours") as error:
        write_back(graph, run, candidates=10)
    assert "recommend.index_candidates" in error.value.hint
    report = write_back(graph, run)
    assert report.recall is not None
    assert report.recall >= 0.9
