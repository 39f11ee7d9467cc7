"""Writeback: staged in a slot, checked there, named live by one property, and taken back the same way."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holley_graph.embeddings.slots import INDEXED, releases
from holley_graph.embeddings.table import Table, Tables
from holley_graph.embeddings.writeback import roll_back, write_back
from holley_graph.errors import GraphStateError, NotFound, ParcelError, ReleaseCheckFailed
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.recommend import answers
from holley_graph.server import doctor
from holley_graph.server.layout import Layout
from holley_graph.server.status import connect
from holley_graph.settings import Recommend, Settings
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from tests.support import runs
from tests.support.held import Held, held, key_of
from tests.support.server import live_embedding, wipe
from tests.support.sources import home

AS_OF = seconds("2026-01-01")
STORED = {
    "product": ("Product", "embedding"),
    "product_anchor": ("Product", "embedding_anchor"),
    "vehicle": ("Vehicle", "embedding"),
    "vehicle_model": ("VehicleModel", "embedding"),
    "make": ("Make", "embedding"),
    "user": ("User", "embedding"),
}
SLOTS = ("a", "b", "c")
Vectors = dict[str, dict[str, list[float]]]


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
        for name in session.run("SHOW INDEXES YIELD name, type WHERE type = 'VECTOR' RETURN name").value():
            session.run(f"DROP INDEX {name}").consume()
        session.run("MATCH (r:Release) DELETE r").consume()
        session.run("MATCH (s:Sync) REMOVE s.live_slot, s.releases").consume()
        removed = [f"n.embedding{kind}_{slot}" for kind in ("", "_anchor") for slot in SLOTS]
        session.run(f"MATCH (n) REMOVE {', '.join(removed)}").consume()


def stored(graph: Graph, slot: str) -> Vectors:
    vectors = {}
    with graph.driver.session() as session:
        for name, (label, prop) in STORED.items():
            rows = session.run(f"MATCH (n:{label}) WHERE n.{prop}_{slot} IS NOT NULL "
                               f"RETURN n.{key_of(label)}, n.{prop}_{slot}").values()  # fmt: skip
            vectors[name] = dict(rows)
    return vectors


def live_slot(graph: Graph) -> str:
    return live_embedding(graph)[-1]


def states(graph: Graph) -> dict[str, str]:
    return {row["run_id"]: row["state"] for row in releases(graph)}


def indexes(graph: Graph) -> dict[str, tuple[str, int]]:
    with graph.driver.session() as session:
        rows = session.run("SHOW INDEXES YIELD name, type, state, options WHERE type = 'VECTOR' "
                           "RETURN name, state, options.indexConfig['vector.dimensions']").values()  # fmt: skip
    return {name: (state, dim) for name, state, dim in rows}


def of_slots(**dims: int) -> dict[str, tuple[str, int]]:
    return {f"{n}_embedding_{slot}": ("ONLINE", dim) for slot, dim in dims.items() for n in INDEXED}


def everything(graph: Graph) -> tuple[Any, ...]:
    """Every vector, which of them are live, and what serves them."""
    return {slot: stored(graph, slot) for slot in SLOTS}, states(graph), indexes(graph)


def empty(graph: Graph) -> set[str]:
    return {slot for slot in SLOTS if not any(stored(graph, slot).values())}


def assert_live(graph: Graph, tables: Tables) -> None:
    stored_ = stored(graph, live_slot(graph))
    for name, table in tables.items():
        assert set(stored_[name]) == set(table.keys), name
        if len(table.keys):
            np.testing.assert_allclose([stored_[name][k] for k in table.keys], table.vectors, rtol=0, atol=1e-6)


def test_after_a_writeback_every_vector_is_on_its_node_and_the_indexes_serve(
    loaded: Loaded, tmp_path: Path
) -> None:
    tables = runs.draw(loaded.held, 1)
    report = write_back(loaded.graph, runs.write(tables, tmp_path / "r1"))
    assert_live(loaded.graph, tables)
    assert states(loaded.graph) == {"r1": "live"}
    assert (live_slot(loaded.graph), empty(loaded.graph)) == ("a", {"b", "c"})
    assert indexes(loaded.graph) == of_slots(a=runs.DIM + 2)
    assert report.recall is not None
    assert (report.run_id, report.recall >= 0.9, set(report.missing.values())) == ("r1", True, {0})
    rows = {name: len(table.keys) for name, table in tables.items()}
    assert report.staged == rows | {"lift": len(tables.lift)}
    with loaded.graph.driver.session() as session:
        norm = session.run("MATCH (r:Release) RETURN r.product_norm").single(strict=True)[0]
        lengths = session.run(
            "MATCH (p:Product) RETURN sqrt(reduce(s = 0.0, x IN p.embedding_a | s + x * x))"
        ).value()
    np.testing.assert_allclose(lengths, norm, rtol=1e-6)


def test_a_rollback_goes_to_the_release_before_and_going_there_twice_is_once(
    loaded: Loaded, tmp_path: Path
) -> None:
    graph, first, second = loaded.graph, runs.draw(loaded.held, 1), runs.draw(loaded.held, 2)
    write_back(graph, runs.write(first, tmp_path / "r1"))
    write_back(graph, later := runs.write(second, tmp_path / "r2"))
    after = everything(graph)
    assert_live(graph, second)
    assert states(graph) == {"r1": "previous", "r2": "live"}
    for _ in range(2):
        assert roll_back(graph) == ("r1", "r2")
        assert_live(graph, first)
        assert states(graph) == {"r1": "live", "r2": "previous"}
        assert everything(graph)[0] == after[0]
    forward = write_back(graph, later)
    assert (forward.run_id, forward.staged, forward.recall) == ("r2", {}, None)
    assert everything(graph) == after


def test_two_releases_are_kept_and_the_slot_of_a_third_is_emptied(loaded: Loaded, tmp_path: Path) -> None:
    graph, dim = loaded.graph, runs.DIM + 2
    for seed in (1, 2, 3, 4):
        write_back(graph, runs.write(runs.draw(loaded.held, seed), tmp_path / f"r{seed}"))
        assert_live(graph, runs.draw(loaded.held, seed))
        assert len(empty(graph)) == (2 if seed == 1 else 1)
    assert states(graph) == {"r1": "retired", "r2": "retired", "r3": "previous", "r4": "live"}
    assert indexes(graph) == of_slots(**dict.fromkeys(set(SLOTS) - empty(graph), dim))
    roll_back(graph)
    assert_live(graph, runs.draw(loaded.held, 3))
    write_back(graph, runs.write(runs.draw(loaded.held, 5), tmp_path / "r5"))
    by_key = {run: state for run, state in states(graph).items() if state != "retired"}
    assert by_key == {"r3": "previous", "r5": "live"}


def test_there_is_nothing_to_roll_back_to_before_the_second_release(loaded: Loaded, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no previous release"):
        roll_back(loaded.graph)
    write_back(loaded.graph, runs.write(runs.draw(loaded.held, 1), tmp_path / "r1"))
    before = everything(loaded.graph)
    with pytest.raises(NotFound, match="no previous release"):
        roll_back(loaded.graph)
    assert everything(loaded.graph) == before


def test_answers_come_from_one_release_even_while_another_goes_live(loaded: Loaded, tmp_path: Path) -> None:
    """A statement reads the name of the slot once, so that it meets one release whatever goes live meanwhile."""
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
        for _ in range(5):
            roll_back(graph)
            write_back(graph, paths[1])
    finally:
        over.set()
        reader.join()
    assert right[0] != right[1]
    assert right[0] in seen
    assert right[1] in seen
    assert all(result in right for result in seen)


def test_a_run_that_is_live_is_not_written_again(loaded: Loaded, tmp_path: Path) -> None:
    paths = [runs.write(runs.draw(loaded.held, seed), tmp_path / f"r{seed}") for seed in (1, 2)]
    for path in paths:
        write_back(loaded.graph, path)
    before = everything(loaded.graph)
    assert write_back(loaded.graph, paths[1]).staged == {}
    assert everything(loaded.graph) == before


def test_an_index_that_somebody_dropped_is_built_again_by_the_next_command(loaded: Loaded, tmp_path: Path) -> None:
    path = runs.write(runs.draw(loaded.held, 1), tmp_path / "r1")
    write_back(loaded.graph, path)
    loaded.graph.write("writeback/drop_index", name="vehicle_embedding_a")
    assert not doctor.releases(loaded.graph).ok
    write_back(loaded.graph, path)
    assert indexes(loaded.graph) == of_slots(a=runs.DIM + 2)


# ---- checks ----------------------------------------------------------------------------------------------------

Spoil = Callable[[Tables], Tables]


def not_a_number(tables: Tables) -> Tables:
    vectors = tables["user"].vectors.copy()
    vectors[3, 2] = np.nan
    return tables | {"user": Table(tables["user"].keys, vectors)}


def another_length(tables: Tables) -> Tables:
    return tables | {"make": Table(tables["make"].keys, tables["make"].vectors[:, 1:])}


def without(name: str) -> Spoil:
    return lambda tables: Tables({n: table for n, table in tables.items() if n != name}, tables.lift)


def strangers(tables: Tables) -> Tables:
    keys = tables["product"].keys.copy()
    keys[-20:] = [f"ZZZ{i:03d}" for i in range(20)]
    return tables | {"product": Table(keys, tables["product"].vectors)}


def no_products(tables: Tables) -> Tables:
    return tables | {"product": Table(tables["product"].keys[:0], tables["product"].vectors[:0])}


@pytest.mark.parametrize(
    ("spoil", "message"),
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
    loaded: Loaded, tmp_path: Path, spoil: Spoil, message: str
) -> None:
    graph = loaded.graph
    write_back(graph, runs.write(runs.draw(loaded.held, 1), tmp_path / "r1"))
    before = everything(graph)
    with pytest.raises(ReleaseCheckFailed, match=message):
        write_back(graph, runs.write(spoil(runs.draw(loaded.held, 2)), tmp_path / "r2"))
    assert everything(graph) == before


def test_a_few_nodes_that_left_since_the_snapshot_are_counted_and_forgiven(loaded: Loaded, tmp_path: Path) -> None:
    tables = runs.draw(loaded.held, 1)
    keys = tables["product"].keys.copy()
    keys[-2:] = ["ZZZ001", "ZZZ002"]
    removed = tables | {"product": Table(keys, tables["product"].vectors)}
    report = write_back(loaded.graph, runs.write(removed, tmp_path / "r1"))
    assert report.missing == {name: 2 if name == "product" else 0 for name in [*tables, "lift"]}
    assert set(stored(loaded.graph, "a")["product"]) == set(keys[:-2])


def test_a_release_of_another_length_goes_live_and_back_like_any(loaded: Loaded, tmp_path: Path) -> None:
    graph, first, longer = loaded.graph, runs.draw(loaded.held, 1), runs.draw(loaded.held, 2, dim=9)
    write_back(graph, runs.write(first, tmp_path / "r1"))
    write_back(graph, runs.write(longer, tmp_path / "r2"))
    assert_live(graph, longer)
    assert indexes(graph) == of_slots(a=runs.DIM + 2, b=11)
    roll_back(graph)
    assert_live(graph, first)
    vehicle = min(vehicle for _, vehicle in loaded.held["fits"])
    rows = answers.for_vehicle(graph, vehicle, 4, Recommend()).rows
    assert rows and {row["answered_by"] for row in rows} == {"vehicle"}


def test_an_unreadable_run_is_refused(loaded: Loaded, tmp_path: Path) -> None:
    with pytest.raises(ParcelError, match="no readable embeddings"):
        write_back(loaded.graph, tmp_path)
    path = runs.write(runs.draw(loaded.held, 1), tmp_path / "r1")
    (path / "vectors_user.npy").write_bytes(b"\0" * 100)
    with pytest.raises(ParcelError, match="no readable embeddings"):
        write_back(loaded.graph, path)


# ---- killed, or two at once ------------------------------------------------------------------------------------

_KILLED = """
import os, signal, sys
from pathlib import Path
from holley_graph.embeddings import checks, slots, writeback
from holley_graph.graph.client import Graph
uri, password, run, point = sys.argv[1:]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
def staged(what, done, of):
    if point == "stage" and done >= of / 2:
        die()
if point == "check":
    checks.staged = die
if point == "index":
    checks.recall = die
if point == "live":
    slots._free = die
with Graph(uri, "neo4j", Path(password).read_text().strip()) as graph:
    writeback.write_back(graph, Path(run), progress=staged)
"""


def killed(server: Settings, run: Path, point: str) -> None:
    address, password = f"bolt://127.0.0.1:{server.server.bolt_port}", Layout.of(server).password_file
    command = [sys.executable, "-c", _KILLED, address, str(password), str(run), point]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL


def left_behind(graph: Graph) -> str:
    """What the doctor finds once the server has noticed that a client is gone."""
    while (check := doctor.releases(graph)).found.endswith("is under way"):
        time.sleep(0.1)
    assert not check.ok
    return check.found


@pytest.mark.parametrize(
    ("point", "then"),
    [
        ("stage", "writeback"),
        ("check", "another"),
        ("index", "rollback"),
        ("live", "writeback"),
        ("live", "another"),
        ("live", "rollback"),
    ],
)
def test_whatever_command_follows_a_killed_writeback_leaves_nothing_of_it(
    server: Settings, loaded: Loaded, tmp_path: Path, point: str, then: str
) -> None:
    graph = loaded.graph
    paths = [runs.write(runs.draw(loaded.held, seed), tmp_path / f"r{seed}") for seed in range(5)]
    write_back(graph, paths[0])
    write_back(graph, paths[1])
    assert doctor.releases(graph) == doctor.Prerequisite(
        "releases", True, "r1 is live", "holley-graph writeback r1"
    )
    killed(server, paths[2], point)
    assert not empty(graph)
    assert "left behind by a killed writeback" in left_behind(graph)
    last = 2 if point == "live" else 1
    assert_live(graph, runs.draw(loaded.held, last))
    if then == "rollback":
        roll_back(graph)
        wanted = {"live": f"r{last - 1}", "previous": f"r{last}"}
    else:
        after = 2 if then == "writeback" else 3
        write_back(graph, paths[after])
        wanted = {"live": f"r{after}", "previous": "r1" if after == 2 else f"r{last}"}
    by_key = {state: run for run, state in states(graph).items() if state != "retired"}
    assert by_key == wanted
    assert_live(graph, runs.draw(loaded.held, int(wanted["live"][1:])))
    assert doctor.releases(graph).ok
    assert len(empty(graph)) == 1
    assert set(indexes(graph)) == set(of_slots(**dict.fromkeys(set(SLOTS) - empty(graph), 0)))


def test_who_comes_while_somebody_writes_is_refused_and_told_who_it_is(loaded: Loaded, tmp_path: Path) -> None:
    graph = loaded.graph
    first, second = (runs.write(runs.draw(loaded.held, seed), tmp_path / f"r{seed}") for seed in (1, 2))
    refused = []

    def meanwhile(what: str, done: int, of: int) -> None:
        if not refused:
            for command in (lambda: write_back(graph, second), lambda: roll_back(graph)):
                with pytest.raises(GraphStateError, match="writeback of r1 works on this graph") as error:
                    command()
                refused.append(error)
            assert doctor.releases(graph).found == "writeback of r1 is under way"

    write_back(graph, first, progress=meanwhile)
    assert len(refused) == 2
    assert_live(graph, runs.draw(loaded.held, 1))
    assert states(graph) == {"r1": "live"}
    write_back(graph, second)


def test_a_release_that_lost_its_slot_does_not_go_live(loaded: Loaded, tmp_path: Path) -> None:
    """The lock of the graph can end before its work, by an administrator's hand: then nothing false goes live."""
    graph = loaded.graph
    write_back(graph, runs.write(runs.draw(loaded.held, 1), tmp_path / "r1"))

    def meanwhile(what: str, done: int, of: int) -> None:
        with graph.driver.session() as session:
            session.run("MATCH (r:Release {run_id: 'r2'}) DELETE r").consume()

    with pytest.raises((ReleaseCheckFailed, GraphStateError)):
        write_back(graph, runs.write(runs.draw(loaded.held, 2), tmp_path / "r2"), progress=meanwhile)
    assert_live(graph, runs.draw(loaded.held, 1))
