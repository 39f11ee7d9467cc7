"""Forgotten means: nowhere in the graph, in no parcel, dead letter or export, and never brought back."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from holley_graph import sealed
from holley_graph.embeddings import table
from holley_graph.embeddings.writeback import write_back
from holley_graph.errors import NotFound, ParcelError
from holley_graph.export.everybody import export
from holley_graph.forget import forget as room
from holley_graph.forget.forget import forget
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync, tombstones
from holley_graph.loaders.files import FilesSource
from holley_graph.settings import Settings
from holley_graph.simulator.generate import generate
from holley_graph.snapshot import extract, parcel
from holley_graph.times import moment, seconds
from tests.support import raw, runs
from tests.support.held import held
from tests.support.sources import edited, home

AS_OF, LATER = seconds("2026-01-01"), seconds("2026-01-02")
ANN, EMAIL = "ann-0001", "ann+parts@nowhere.example"
SUFFIXES = ("csv", "parquet", "ndjson")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A world in which Ann has two ids, rejected rows, interactions under both, and order lines."""
    world = generate(tmp_path / "world", users=300, as_of=AS_OF).folder
    vehicle = pq.read_table(world / "fitment.parquet").sort_by("v1_year").to_pylist()
    car = max(vehicle, key=lambda row: len(row["products"] or ()) if (row["v1_year"] or "").isdigit() else 0)
    skus = [order["product_number"] for order in car["products"]][:3]
    report = {"v1_year": car["v1_year"], "v1_make": car["v1_make"], "v1_model": car["v1_model"]}
    when = raw.at("2025-12-01")
    return edited(
        world,
        tmp_path / "source",
        user_attributes=lambda rows: [
            *rows,
            raw.attributes(ANN, when, email=EMAIL, **report),
            raw.attributes("ann-2", when, email=f" {EMAIL.upper()}", **report),
            raw.attributes(ANN, when, email=EMAIL, v1_year="someday"),
        ],
        events=lambda rows: [
            *rows,
            raw.event(ANN, "Viewed Product", when, ProductId=skus[0]),
            raw.event("ann-2", "Ordered Product", when, ProductId=skus[1]),
            raw.event(ANN, "Viewed Product", when, ProductId="NO-SUCH-SKU"),
        ],
        orders=lambda rows: [
            *rows,
            raw.order(skus[2], EMAIL, "Friday, January 10, 2025"),
            raw.order(skus[2], EMAIL, "some day"),
        ],
    )


def took(graph: Graph, settings: Settings, source: Path, as_of: int = AS_OF) -> None:
    sync.sync(FilesSource(source), graph, settings, as_of=as_of)


def released(graph: Graph, settings: Settings) -> None:
    """Put a release live, with a snapshot beside it and a sealed run."""
    parcel.keep(extract.take(graph, extract.options(settings.sync)), settings.home / "snapshots")
    run = runs.write(runs.draw(held(graph), 1), settings.home / "runs" / "r1")
    seal = {path.name: sealed.digest(path) for path in run.iterdir()}
    (run / "manifest.json").write_text(json.dumps({"files": seal}))
    write_back(graph, run)


def exported(graph: Graph, settings: Settings, folder: Path) -> list[Path]:
    paths = [folder / f"sent.{suffix}" for suffix in SUFFIXES]
    for path in paths:
        export(graph, settings, path, moment(AS_OF))
    return paths


def naming(root: Path, *names: str) -> set[str]:
    """Files in which a name stands, read by other means than the tool's own search."""
    keys = set()
    for path in root.rglob("*"):
        if path.is_file():
            rows = (
                str(pq.read_table(path).to_pylist())
                if path.suffix == ".parquet"
                else path.read_bytes().decode("latin-1")
            )
            keys |= {str(path.relative_to(root))} if any(name in rows for name in names) else set()
    return keys


def test_a_forgotten_person_is_nowhere_and_stays_away(graph: Graph, tmp_path: Path, source: Path) -> None:
    settings = home(tmp_path / "home")
    took(graph, settings, source)
    released(graph, settings)
    folder = tmp_path / "out"
    folder.mkdir()
    paths = exported(graph, settings, folder)
    before = naming(tmp_path / "home", ANN, "ann-2", EMAIL) | naming(folder, ANN, "ann-2", EMAIL)
    assert {path.split("/")[0] for path in before} == {
        "rejects",
        "runs",
        "snapshots",
        "taken",
        *(p.name for p in paths),
    }
    others = {user for (user,) in held(graph)["user"]} - {ANN, "ann-2"}
    lines = [path.read_bytes().count(b"\n") for path in paths if path.suffix != ".parquet"]

    done = forget(graph, settings, ANN)

    assert set(done.user_ids) >= {ANN, "ann-2"}
    assert (done.found, done.missing, done.nodes, done.snapshots) == ([], [], 2, 1)
    assert done.rows["exports"] == 3 and done.rows["dead letters"] >= 2 and done.rows["last sync"] > 6
    assert naming(tmp_path / "home", ANN, "ann-2", EMAIL) | naming(folder, ANN, "ann-2", EMAIL) == set()
    assert {user for (user,) in held(graph)["user"]} == others
    assert [path.read_bytes().count(b"\n") for path in paths if path.suffix != ".parquet"] == [n - 1 for n in lines]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in [*paths, settings.home / "tombstones"])
    tables_ = table.load(settings.home / "runs" / "r1")["user"]
    assert (tables_.find(np.array([ANN, "ann-2"], object)) == -1).all() and len(tables_.keys)

    took(graph, settings, source)  # the source still has them
    took(graph, settings, source, LATER)
    assert {user for (user,) in held(graph)["user"]} == others
    assert naming(tmp_path / "home", ANN, "ann-2", EMAIL) == set()
    again = forget(graph, settings, ANN)
    assert (again.nodes, again.found) == (0, [])


@pytest.mark.parametrize("synced_since", [True, False])
def test_a_list_that_was_lost_brings_nobody_back(
    graph: Graph, tmp_path: Path, source: Path, synced_since: bool
) -> None:
    settings = home(tmp_path / "home")
    took(graph, settings, source)
    forget(graph, settings, ANN)
    if synced_since:
        took(graph, settings, source, LATER)
    tombstones.path(settings.home).unlink()
    with pytest.raises(ParcelError, match=r"names 0 hashes, and [1-9] were forgotten here"):
        took(graph, settings, source, LATER)
    assert (ANN,) not in held(graph)["user"]


def test_somebody_new_with_a_forgotten_address_stays_away_too(graph: Graph, tmp_path: Path, source: Path) -> None:
    settings = home(tmp_path / "home")
    took(graph, settings, source)
    forget(graph, settings, "ann-2")
    when = raw.at("2025-12-05")
    more = edited(
        source,
        tmp_path / "more",
        user_attributes=lambda rows: [*rows, raw.attributes("ann-3", when, email=EMAIL)],
        events=lambda rows: [*rows, raw.event("ann-3", "Viewed Product", when, ProductId="A")],
    )
    took(graph, settings, more, LATER)
    assert not {(ANN,), ("ann-2",), ("ann-3",)} & held(graph)["user"].keys()
    assert naming(tmp_path / "home", "ann-3", EMAIL) == set()


def test_an_id_of_an_address_that_too_many_share_takes_no_stranger_with_it(
    graph: Graph, tmp_path: Path, source: Path
) -> None:
    settings = home(tmp_path / "home", sync={"max_ids": 1})
    took(graph, settings, source)
    before = held(graph)
    forget(graph, settings, ANN)
    after = held(graph)
    assert before["user"].keys() - after["user"].keys() == {(ANN,)}
    for name in ("owns", "viewed", "carted", "ordered"):
        assert {key[0] for key in before[name].keys() - after[name].keys()} <= {ANN}, name
    assert "ann-2" in {key[0] for key in after["ordered"]}


@pytest.mark.parametrize("at", ["_tables", "_snapshots"])
def test_killed_on_the_way_it_is_repaired_by_running_it_again(
    graph: Graph, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    settings = home(tmp_path / "home")
    took(graph, settings, source)
    released(graph, settings)

    def killed(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(room, at, killed)
        forget(graph, settings, ANN)
    done = forget(graph, settings, ANN)
    assert done.found == []
    assert naming(tmp_path / "home", ANN, "ann-2", EMAIL) == set()


def test_a_mistyped_id_forgets_nobody(graph: Graph, tmp_path: Path, source: Path) -> None:
    settings = home(tmp_path / "home")
    took(graph, settings, source)
    with pytest.raises(NotFound, match="no user 'ann-0009'"):
        forget(graph, settings, "ann-0009")
    assert not (settings.home / "tombstones").exists()


def test_an_export_that_was_moved_is_named(graph: Graph, tmp_path: Path, source: Path) -> None:
    settings = home(tmp_path / "home")
    took(graph, settings, source)
    path = tmp_path / "b.csv"
    export(graph, settings, path, moment(AS_OF), ranker="baseline")
    path.rename(tmp_path / "elsewhere.csv")
    assert forget(graph, settings, ANN).missing == [str(path)]
