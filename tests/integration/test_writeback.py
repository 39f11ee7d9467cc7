"""Writeback: staged, verified, flipped at once, and taken back bit for bit."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holley_graph.demo.generate import generate
from holley_graph.embeddings.table import Table
from holley_graph.embeddings.writeback import releases, roll_back, write_back
from holley_graph.errors import GraphStateError, NotFound, ParcelError, ReleaseCheckFailed
from holley_graph.graph.client import Graph
from holley_graph.recommend import answers
from holley_graph.server.layout import Layout
from holley_graph.server.status import connect
from holley_graph.settings import Recommend, Settings
from loaders import sync
from loaders.files import FilesSource
from tests.support import runs
from tests.support.held import Held, held, key_of
from tests.support.server import wipe
from tests.support.sources import home

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
STORED = {
    "product": ("Product", "embedding"),
    "product_source": ("Product", "embedding_source"),
    "vehicle": ("Vehicle", "embedding"),
    "vehicle_model": ("VehicleModel", "embedding"),
    "make": ("Make", "embedding"),
    "user": ("User", "embedding"),
}
Vectors = dict[str, dict[str, list[float]]]
INDEXES = {"product_embedding", "vehicle_embedding", "user_embedding"}


@dataclass(frozen=True)
class Loaded:
    graph: Graph
    held: Held


@pytest.fixture(scope="module")
def synced(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("writeback")
    source = generate(folder / "world", users=1_000, as_of=AS_OF).folder
    with connect(server) as graph:
        wipe(graph)
        sync.sync(FilesSource(source), graph, home(folder / "home"), as_of=AS_OF)
        yield Loaded(graph, held(graph))


@pytest.fixture
def loaded(synced: Loaded) -> Iterator[Loaded]:
    """The synced graph without any release."""
    yield synced
    with synced.graph.driver.session() as session:
        for name in (*INDEXES, "product_embedding_next"):
            session.run(f"DROP INDEX {name} IF EXISTS").consume()
        session.run("MATCH (r:Release) DELETE r").consume()
        gone = [f"n.embedding{s}{w}" for s in ("", "_source") for w in ("", "_next", "_previous")]
        session.run(f"MATCH (n) REMOVE {', '.join(gone)}").consume()


def stored(graph: Graph, suffix: str = "") -> Vectors:
    found = {}
    with graph.driver.session() as session:
        for name, (label, prop) in STORED.items():
            rows = session.run(f"MATCH (n:{label}) WHERE n.{prop}{suffix} IS NOT NULL "
                               f"RETURN n.{key_of(label)}, n.{prop}{suffix}").values()  # fmt: skip
            found[name] = dict(rows)
    return found


def states(graph: Graph) -> dict[str, str]:
    return {row["run_id"]: row["state"] for row in releases(graph)}


def indexes(graph: Graph) -> dict[str, tuple[str, int]]:
    with graph.driver.session() as session:
        rows = session.run("SHOW INDEXES YIELD name, type, state, options WHERE type = 'VECTOR' "
                           "RETURN name, state, options.indexConfig['vector.dimensions']").values()  # fmt: skip
    return {name: (state, dim) for name, state, dim in rows}


def everything(graph: Graph) -> tuple[Any, ...]:
    return stored(graph), stored(graph, "_previous"), states(graph), indexes(graph)


def assert_live(graph: Graph, tables: dict[str, Table]) -> None:
    found = stored(graph)
    for name, each in tables.items():
        assert set(found[name]) == set(each.keys), name
        if len(each.keys):
            np.testing.assert_allclose([found[name][k] for k in each.keys], each.vectors, rtol=0, atol=1e-6)


def test_after_a_writeback_every_vector_is_on_its_node_and_the_indexes_serve(
    loaded: Loaded, tmp_path: Path
) -> None:
    tables = runs.draw(loaded.held, 1)
    report = write_back(loaded.graph, runs.write(tables, tmp_path / "r1"))
    assert_live(loaded.graph, tables)
    assert states(loaded.graph) == {"r1": "live"}
    dim = runs.DIM + 2
    assert indexes(loaded.graph) == dict.fromkeys(INDEXES, ("ONLINE", dim))
    assert (report.run_id, report.recall >= 0.9, set(report.missing.values())) == ("r1", True, {0})
    assert report.staged == {name: len(each.keys) for name, each in tables.items()}
    assert not any(stored(loaded.graph, "_next").values())
    assert not any(stored(loaded.graph, "_previous").values())
    with loaded.graph.driver.session() as session:
        norm = session.run("MATCH (r:Release) RETURN r.product_norm").single(strict=True)[0]
        lengths = session.run(
            "MATCH (p:Product) RETURN sqrt(reduce(s = 0.0, x IN p.embedding | s + x * x))"
        ).value()
    np.testing.assert_allclose(lengths, norm, rtol=1e-6)


def test_a_second_writeback_keeps_the_first_and_rollback_is_its_own_inverse(loaded: Loaded, tmp_path: Path) -> None:
    graph, first, second = loaded.graph, runs.draw(loaded.held, 1), runs.draw(loaded.held, 2)
    write_back(graph, runs.write(first, tmp_path / "r1"))
    before = stored(graph)
    write_back(graph, runs.write(second, tmp_path / "r2"))
    assert_live(graph, second)
    assert (states(graph), stored(graph, "_previous")) == ({"r1": "previous", "r2": "live"}, before)
    after = everything(graph)
    assert roll_back(graph) == ("r1", "r2")
    assert stored(graph) == before
    assert states(graph) == {"r1": "live", "r2": "previous"}
    assert roll_back(graph) == ("r2", "r1")
    assert everything(graph) == after
    write_back(graph, runs.write(runs.draw(loaded.held, 3), tmp_path / "r3"))
    assert states(graph) == {"r1": "retired", "r2": "previous", "r3": "live"}
    assert stored(graph, "_previous") == after[0]


def test_there_is_nothing_to_roll_back_to_before_the_second_release(loaded: Loaded, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no previous release"):
        roll_back(loaded.graph)
    write_back(loaded.graph, runs.write(runs.draw(loaded.held, 1), tmp_path / "r1"))
    before = everything(loaded.graph)
    with pytest.raises(NotFound, match="no previous release"):
        roll_back(loaded.graph)
    assert everything(loaded.graph) == before


def test_answers_come_from_one_release_even_while_another_goes_live(loaded: Loaded, tmp_path: Path) -> None:
    """Neo4j reads record by record; the statements notice when they met two releases, and are run again."""
    graph, rules = loaded.graph, Recommend()
    _, vehicle = next(iter(loaded.held["owns"]))

    def answer() -> list[tuple[str, float]]:
        rows = answers.for_vehicle(graph, vehicle.replace("|", " "), 10, rules).rows
        return [(row["sku"], round(row["score"], 6)) for row in rows]

    paths = [runs.write(runs.draw(loaded.held, seed), tmp_path / f"r{seed}") for seed in (1, 2)]
    write_back(graph, paths[0])
    right = [answer()]
    seen: list[list[tuple[str, float]]] = []
    over = threading.Event()

    def poll() -> None:
        while not over.is_set():
            seen.append(answer())

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        write_back(graph, paths[1])
        right.append(answer())
        for _ in range(4):
            roll_back(graph)
    finally:
        over.set()
        reader.join()
    assert right[0] != right[1]
    assert right[0] in seen
    assert right[1] in seen
    assert all(found in right for found in seen)


def test_a_run_that_is_live_is_not_written_back_again(loaded: Loaded, tmp_path: Path) -> None:
    paths = [runs.write(runs.draw(loaded.held, seed), tmp_path / f"r{seed}") for seed in (1, 2)]
    for path in paths:
        write_back(loaded.graph, path)
    before = everything(loaded.graph)
    with pytest.raises(GraphStateError, match="r2 is live already"):
        write_back(loaded.graph, paths[1])
    assert everything(loaded.graph) == before


# ---- checks ----------------------------------------------------------------------------------------------------

Spoil = Callable[[dict[str, Table]], dict[str, Table]]


def not_a_number(tables: dict[str, Table]) -> dict[str, Table]:
    vectors = tables["user"].vectors.copy()
    vectors[3, 2] = np.nan
    return tables | {"user": Table(tables["user"].keys, vectors)}


def another_length(tables: dict[str, Table]) -> dict[str, Table]:
    return tables | {"make": Table(tables["make"].keys, tables["make"].vectors[:, 1:])}


def without(name: str) -> Spoil:
    return lambda tables: {n: each for n, each in tables.items() if n != name}


def strangers(tables: dict[str, Table]) -> dict[str, Table]:
    keys = tables["product"].keys.copy()
    keys[-20:] = [f"ZZZ{i:03d}" for i in range(20)]
    return tables | {"product": Table(keys, tables["product"].vectors)}


def no_products(tables: dict[str, Table]) -> dict[str, Table]:
    return tables | {"product": Table(tables["product"].keys[:0], tables["product"].vectors[:0])}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (not_a_number, "user has vectors that are not finite"),
        (another_length, "make vectors have length"),
        (without("vehicle"), "no table vehicle"),
        (without("product"), "no table product"),
        (strangers, "20 of .* have left the graph"),
        (no_products, "no product vectors"),
    ],
)
def test_a_failed_check_leaves_the_live_release_untouched(
    loaded: Loaded, tmp_path: Path, spoil: Spoil, said: str
) -> None:
    graph = loaded.graph
    write_back(graph, runs.write(runs.draw(loaded.held, 1), tmp_path / "r1"))
    before = stored(graph), stored(graph, "_previous"), indexes(graph)
    with pytest.raises(ReleaseCheckFailed, match=said):
        write_back(graph, runs.write(spoil(runs.draw(loaded.held, 2)), tmp_path / "r2"))
    assert (stored(graph), stored(graph, "_previous"), indexes(graph)) == before
    assert states(graph)["r1"] == "live"
    assert states(graph).get("r2") in (None, "staging")


def test_a_few_nodes_that_left_since_the_snapshot_are_counted_and_forgiven(loaded: Loaded, tmp_path: Path) -> None:
    tables = runs.draw(loaded.held, 1)
    keys = tables["product"].keys.copy()
    keys[-2:] = ["ZZZ001", "ZZZ002"]
    gone = tables | {"product": Table(keys, tables["product"].vectors)}
    report = write_back(loaded.graph, runs.write(gone, tmp_path / "r1"))
    assert report.missing == {name: 2 if name == "product" else 0 for name in tables}
    assert set(stored(loaded.graph)["product"]) == set(keys[:-2])


def test_vectors_of_another_length_are_refused_unless_the_indexes_are_rebuilt(
    loaded: Loaded, tmp_path: Path
) -> None:
    graph = loaded.graph
    write_back(graph, runs.write(runs.draw(loaded.held, 1), tmp_path / "r1"))
    before = everything(graph)
    longer = runs.draw(loaded.held, 2, dim=9)
    path = runs.write(longer, tmp_path / "r2")
    with pytest.raises(ReleaseCheckFailed, match="length 11"):
        write_back(graph, path)
    assert everything(graph) == before
    write_back(graph, path, reindex=True)
    assert_live(graph, longer)
    assert indexes(graph) == dict.fromkeys(INDEXES, ("ONLINE", 11))
    with pytest.raises(GraphStateError, match="another length"):
        roll_back(graph)


def test_an_unreadable_run_is_refused(loaded: Loaded, tmp_path: Path) -> None:
    with pytest.raises(ParcelError, match="no readable embeddings"):
        write_back(loaded.graph, tmp_path)
    path = runs.write(runs.draw(loaded.held, 1), tmp_path / "r1")
    (path / "embeddings.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(ParcelError, match="no readable embeddings"):
        write_back(loaded.graph, path)


# ---- killed ----------------------------------------------------------------------------------------------------

_KILLED = """
import os, signal, sys
from pathlib import Path
from holley_graph.embeddings import writeback
from holley_graph.graph.client import Graph
uri, password, run, point = sys.argv[1:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def progress(what, done, of):
    if done >= of:
        die()
if point == "verify":
    progress = lambda *_: None
    writeback.await_indexes = die
with Graph(uri, "neo4j", Path(password).read_text().strip()) as graph:
    writeback.write_back(graph, Path(run), progress=progress)
"""


@pytest.mark.parametrize("point", ["stage", "verify"])
def test_a_killed_writeback_changes_nothing_and_the_next_clears_what_it_staged(
    server: Settings, loaded: Loaded, tmp_path: Path, point: str
) -> None:
    graph, address = loaded.graph, f"bolt://127.0.0.1:{server.server.bolt_port}"
    first = runs.draw(loaded.held, 1)
    write_back(graph, runs.write(first, tmp_path / "r1"))
    killed = runs.write(runs.draw(loaded.held, 2), tmp_path / "r2")
    command = [sys.executable, "-c", _KILLED, address, str(Layout.of(server).password_file), str(killed), point]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert any(stored(graph, "_next").values())
    assert_live(graph, first)
    assert states(graph) == {"r1": "live", "r2": "staging"}
    third = runs.draw(loaded.held, 3, dim=runs.DIM + 1)
    third["user"] = replace(third["user"], keys=third["user"].keys[5:], vectors=third["user"].vectors[5:])
    write_back(graph, runs.write(third, tmp_path / "r3"), reindex=True)
    assert_live(graph, third)
    assert not any(stored(graph, "_next").values())
    assert {run: state for run, state in states(graph).items() if state != "staging"} == {
        "r1": "previous",
        "r3": "live",
    }
    assert set(indexes(graph)) == INDEXES
