"""What a later sync brings gets vectors in the live release, seen by answers and exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import pytest

from holley_graph.embeddings.writeback import roll_back, write_back
from holley_graph.evaluation import registry
from holley_graph.export import single
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training import curve
from holley_graph.model.training import train as training
from holley_graph.model.training.plan import Plan
from holley_graph.recommend import answers
from holley_graph.server.layout import Layout
from holley_graph.server.status import connect
from holley_graph.settings import Recommend, Settings
from holley_graph.simulator.generate import generate
from holley_graph.snapshot import extract
from holley_graph.times import DAY, moment, seconds
from holley_graph.workflows.embed import embed_new
from holley_graph.workflows.live import follow_if_up
from tests.support import raw
from tests.support.server import live_embedding, wipe
from tests.support.sources import Rows, edited, home

AS_OF = seconds("2026-01-01")
LATER = AS_OF + DAY
NEW = ("QX70010", "RY83020")
NO_LIMIT = Recommend(per_part_type=1_000)


@dataclass(frozen=True)
class Grown:
    """A graph whose live release is older than two products and a vehicle of it."""

    graph: Graph
    settings: Settings
    run: str
    vehicle: str
    beside: str

    def embed(self) -> dict[str, Any]:
        return asdict(embed_new(self.settings))

    def answer(self, vehicle: str) -> list[dict[str, Any]]:
        return answers.for_vehicle(self.graph, vehicle.replace("|", " "), 500, NO_LIMIT).rows


@pytest.fixture(scope="module")
def grown(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    folder = tmp_path_factory.mktemp("embed")
    uri = f"bolt://127.0.0.1:{server.server.bolt_port}"
    address = {"uri": uri, "password_file": Layout.of(server).password_file}
    settings = home(folder / "home", server=address)
    source = generate(folder / "world", users=600, as_of=AS_OF).folder
    with connect(server) as graph, pytest.MonkeyPatch.context() as patch:
        wipe(graph)
        patch.setattr(training, "STEPS", 10)
        patch.setattr(curve, "draw", lambda _, path: path.touch())
        sync.sync(FilesSource(source), graph, settings, as_of=AS_OF)
        snapshot = extract.take(graph, extract.options(settings.sync))
        runs = settings.home / "runs"
        for seed in range(2):  # the second has one to roll back to
            config = replace(Recipe.default("sage").config, dim=8)
            run = training.train(snapshot, runs, Plan(Recipe("sage", config), seed))
            write_back(graph, run.path)
        registry.promote(runs, run.path.name)
        vehicle = _common(graph)
        year, make, model = vehicle.split("|")
        later = edited(source, folder / "later", **_edits(graph, make, model, year))
        sync.sync(FilesSource(later), graph, settings, as_of=LATER)
        yield Grown(graph, settings, run.path.name, vehicle, f"1900|{make}|{model}")


def _common(graph: Graph) -> str:
    with graph.driver.session() as session:
        return str(
            session.run(
                "MATCH (v:Vehicle)<-[:FITS]-(p {eligible: true}) WITH v, count(p) AS parts "
                "RETURN v.vehicle_id ORDER BY parts DESC, v.vehicle_id LIMIT 1"
            ).value()[0]
        )


def _edits(graph: Graph, make: str, model: str, year: str) -> dict[str, Any]:
    """Two products that fit the vehicle, of a known and an unknown part type, and a year of it that is new."""
    with graph.driver.session() as session:
        fitting = session.run(
            "MATCH (:Vehicle {vehicle_id: $v})<-[:FITS]-(p {eligible: true}) RETURN p.sku, p.part_type",
            v=f"{year}|{make}|{model}",
        ).values()
        user = session.run("MATCH (u:User)-[:VIEWED]->() RETURN u.user_id LIMIT 1").value()[0]
    seen = {"Price": 300.0, "ImageUrl": "https://pictures.example.com/new.jpg"}

    def fitment(rows: Rows) -> Rows:
        return [*rows, raw.fitment(year, make, model, NEW), raw.fitment("1900", make, model, [fitting[0][0], *NEW])]

    def items(rows: Rows) -> Rows:
        made = [raw.item(sku, kind) for sku, kind in zip(NEW, (fitting[0][1], "Never Seen"), strict=True)]
        return [*rows, *made]

    def events(rows: Rows) -> Rows:
        when = moment(AS_OF + 3600)
        return [*rows, *(raw.event(user, "Viewed Product", when, ProductId=sku, **seen) for sku in NEW)]

    return {"fitment": fitment, "items": items, "events": events}


def test_newcomers_are_answered_with_their_own_vectors_after_one_call_and_exported(grown: Grown) -> None:
    graph = grown.graph
    before = {row["sku"]: row for row in grown.answer(grown.vehicle)}
    assert all(before[sku]["score"] is None for sku in NEW)
    assert {row["answered_by"] for row in grown.answer(grown.beside)} == {"segment", "global"}
    old = [sku for sku in before if sku not in NEW]

    report = grown.embed()
    after = {row["sku"]: row for row in grown.answer(grown.vehicle)}
    assert report["run_id"] == grown.run
    assert report["new"] == report["written"]
    assert report["written"] == {
        "product": 2,
        "product_anchor": 2,
        "vehicle": 1,
        "vehicle_model": 0,
        "make": 0,
        "lift": 5,
    }
    assert report["unknown"] == {"make": [], "part_type": ["Never Seen"]}
    assert all(after[sku]["answered_by"] == "vehicle" for sku in NEW)
    assert [sku for sku in after if sku not in NEW] == old
    assert {row["answered_by"] for row in grown.answer(grown.beside)} == {"vehicle"}

    assert grown.embed()["written"] == dict.fromkeys(report["written"], 0)

    settings = grown.settings.model_copy(update={"recommend": NO_LIMIT})
    rows = single.answer(graph, settings, "graph", 500, vehicle=grown.vehicle.replace("|", " ")).rows
    exported = {row["sku"]: row["score"] for row in rows}
    assert {row["answered_by"] for row in rows} == {"vehicle"}
    assert exported == pytest.approx({sku: row["score"] for sku, row in after.items()}, abs=1e-4)


def test_a_call_that_was_killed_before_the_graph_had_them_is_finished_by_the_next(grown: Grown) -> None:
    """What was encoded is in the run folder; what is live is asked of the graph."""
    grown.embed()
    with grown.graph.driver.session() as session:
        removed = f"MATCH (p:Product {{sku: $sku}}) REMOVE p.{live_embedding(grown.graph)}"
        session.run(removed, sku=NEW[0]).consume()  # type: ignore[arg-type]
    report = grown.embed()
    assert (report["new"]["product"], report["written"]["product"]) == (0, 1)


def test_a_rollback_takes_them_back_with_their_release_and_brings_them_again(grown: Grown) -> None:
    grown.embed()
    live = {row["sku"]: row["score"] for row in grown.answer(grown.vehicle)}
    roll_back(grown.graph)
    older = {row["sku"]: row["score"] for row in grown.answer(grown.vehicle)}
    assert all(older[sku] is None for sku in NEW)
    write_back(grown.graph, grown.settings.home / "runs" / grown.run)
    assert {row["sku"]: row["score"] for row in grown.answer(grown.vehicle)} == live


def test_the_run_registry_names_what_the_graph_says_is_live_whoever_put_it_there(grown: Grown) -> None:
    """A command can be killed between both; the graph is right."""

    def champion() -> str:
        follow_if_up(grown.settings)
        return str(registry.read(grown.settings.home / "runs")["champion"])

    older, _ = roll_back(grown.graph)
    assert champion() == older != grown.run
    write_back(grown.graph, grown.settings.home / "runs" / grown.run)
    assert registry.read(grown.settings.home / "runs")["champion"] == older
    assert champion() == grown.run
