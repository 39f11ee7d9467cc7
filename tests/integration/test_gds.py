"""The in-database baseline: what is projected, that nothing later than the cut enters, and what FastRP gives."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holley_graph.baselines import popularity
from holley_graph.embeddings import fastrp
from holley_graph.errors import GraphStateError
from holley_graph.evaluation import scoring
from holley_graph.evaluation.targets import future_choices
from holley_graph.graph import gds
from holley_graph.graph.client import Graph
from holley_graph.server import lifecycle
from holley_graph.server.layout import Layout
from holley_graph.server.status import connect
from holley_graph.settings import Settings
from holley_graph.snapshot import extract
from tests.support.server import small

CUT = 1_000_000
EARLY, LATE = CUT - 50_000, CUT + 50_000
AS_OF = CUT + 100_000
OPTIONS = extract.options(Settings().sync)
MAKES, PARTS, OWNERS = ("FORD", "BUICK"), 6, 8


def vehicle(make: str) -> str:
    return f"1969|{make}|ONE"


def rows(graph: Graph, table: str, *edges: dict[str, Any]) -> None:
    graph.write(f"load/{table}", rows=list(edges))


def did(graph: Graph, what: str, user: str, sku: str, *at: int) -> None:
    """Add or replace one interaction; the stored weight is one that no projection may take."""
    ends = {"first_at": min(at, default=None), "last_at": max(at, default=AS_OF)}
    rows(graph, what, {"user_id": user, "sku": sku, "at": sorted(at), "count": len(at), "weight": 99.0} | ends)


@pytest.fixture
def world(graph: Graph) -> Graph:
    """Two makes that share no part; owner i of a make ordered its part i and looked at the next, before the cut."""
    rows(graph, "part_type", {"name": "CAM"})
    for make in MAKES:
        skus = [f"{make}{part}" for part in range(PARTS)]
        users = [f"{make.lower()}-{owner}" for owner in range(OWNERS)]
        model = f"{make}|ONE"
        rows(graph, "make", {"name": make})
        rows(
            graph,
            "vehicle_model",
            {"model_id": model, "make": make, "model": "ONE", "first_year": 1969, "last_year": 1969},
        )
        rows(graph, "vehicle", {"vehicle_id": vehicle(make), "year": 1969, "make": make, "model": "ONE"})
        plain = {"part_type": "CAM", "price": 60.0, "image_url": None, "title": None, "brand": None}
        rows(
            graph,
            "product",
            *(
                {"sku": s, "base_sku": s, "display_key": s, "refurbished": False, "eligible": True} | plain
                for s in skus
            ),
        )
        rows(graph, "user", *({"user_id": u, "email_hash": u, "engagement_tier": "cold"} for u in users))
        rows(graph, "owns", *({"user_id": u, "vehicle_id": vehicle(make), "since": EARLY} for u in users))
        rows(graph, "fits", *({"sku": s, "vehicle_id": vehicle(make)} for s in skus))
        rows(graph, "of_type", *({"sku": s, "part_type": "CAM"} for s in skus))
        rows(graph, "of_model", {"vehicle_id": vehicle(make), "model_id": model})
        rows(graph, "made_by", {"model_id": model, "make": make})
        for owner in range(PARTS):  # the last two owners did nothing
            did(graph, "ordered", users[owner], skus[owner], EARLY)
            did(graph, "viewed", users[owner], skus[(owner + 1) % PARTS], EARLY - 3_600, EARLY)
    graph.write("load/begin", run_id="r1")
    graph.write("load/commit", run_id="r1", as_of=AS_OF, boundary=0, source="test")
    return graph


def plant_the_future(graph: Graph) -> None:
    """What became known after the cut: new times on an old pair, a new pair, a first purchase, derived pairs."""
    did(graph, "viewed", "ford-0", "FORD1", EARLY - 3_600, EARLY, LATE)
    did(graph, "ordered", "ford-0", "FORD5", LATE)
    did(graph, "ordered", "buick-7", "BUICK0", LATE)
    did(graph, "carted", "ford-7", "FORD3", CUT)
    did(graph, "ordered", "ford-6", "FORD2")  # known only from order lines past the boundary
    rows(graph, "co_purchased", {"sku": "FORD0", "other_sku": "FORD5", "count": 9, "weight": 9.0, "last_at": LATE})
    rows(graph, "co_viewed", {"sku": "FORD0", "other_sku": "FORD5", "count": 9, "weight": 9.0})


def edges(projected: gds.Projected) -> set[tuple[str, str, str, float]]:
    """Every relationship as type, ends in alphabetical order and weight."""
    counts = projected.gds.graph.relationships.stream(projected.handle, relationship_properties=["weight"])
    ids = np.unique([counts["sourceNodeId"], counts["targetNodeId"]]).tolist()
    key = {row["id"]: row["key"] for row in projected.graph.read("gds/keys", ids=ids)}
    columns = (counts[name] for name in ("relationshipType", "sourceNodeId", "targetNodeId", "weight"))
    return {(kind, *sorted((key[a], key[b])), weight) for kind, a, b, weight in zip(*columns, strict=True)}


def projections(graph: Graph) -> list[str]:
    with graph.driver.session() as session:
        return session.run("CALL gds.graph.list() YIELD graphName RETURN graphName").value()


def test_projection_holds_the_training_subgraph_and_no_user_without_a_past(world: Graph) -> None:
    plant_the_future(world)
    parameters = [{"type": "CO_PURCHASED", "sku": "FORD0", "other_sku": "FORD1", "weight": 0.5}]
    expected = {("CO_PURCHASED", "FORD0", "FORD1", 0.5)}
    for make in MAKES:
        expected |= {("OF_MODEL", vehicle(make), f"{make}|ONE", 1.0), ("MADE_BY", make, f"{make}|ONE", 1.0)}
        for n in range(PARTS):
            sku, user = f"{make}{n}", f"{make.lower()}-{n}"
            expected |= {("FITS", vehicle(make), sku, 1.0), ("OF_TYPE", "CAM", sku, 1.0)}
            expected |= {("OWNS", vehicle(make), user, 1.0), ("ORDERED", sku, user, 1.0)}
            expected |= {("VIEWED", f"{make}{(n + 1) % PARTS}", user, 2.0)}
    with gds.projection(world, CUT, parameters) as projected:
        assert edges(projected) == {(kind, *sorted(ends), weight) for kind, *ends, weight in expected}
        assert projected.nodes == 1 + 2 * (
            3 + 2 * PARTS
        )  # part type; make, model, vehicle, parts, users with a past
        assert projected.relationships == 2 * len(expected)


def test_what_happens_after_the_cut_changes_no_vector(world: Graph) -> None:
    past = extract.take(world, OPTIONS).before(CUT)
    before = fastrp.embed(world, past)
    plant_the_future(world)
    full = extract.take(world, OPTIONS)
    after = fastrp.embed(world, full.before(CUT))
    for name, table in before.items():
        np.testing.assert_array_equal(table.keys, after[name].keys)
        np.testing.assert_array_equal(table.vectors, after[name].vectors)
    now = fastrp.embed(world, full)
    assert set(now["user"].keys) - set(before["user"].keys) == {"ford-7", "buick-7"}
    assert not np.array_equal(now["product"].vectors, before["product"].vectors)


def test_every_product_vehicle_and_user_with_a_past_has_a_vector(world: Graph) -> None:
    plant_the_future(world)
    past = extract.take(world, OPTIONS).before(CUT)
    tables = fastrp.embed(world, past, dim=16)
    users = past.user_ids.keys[np.unique(past.event("user"))]
    for name, keys in {"product": past.product_ids.keys, "vehicle": past.vehicle_ids.keys, "user": users}.items():
        assert list(tables[name].keys) == list(keys)
        assert tables[name].vectors.shape == (len(keys), 18)
        np.testing.assert_allclose(np.linalg.norm(tables[name].vectors[:, :16], axis=1), 1, rtol=1e-5)


def test_vectors_rank_what_fits_beside_popularity(world: Graph) -> None:
    plant_the_future(world)
    full = extract.take(world, OPTIONS)
    task = future_choices(full, CUT)
    assert list(full.user_ids.keys[task.user]) == ["buick-7", "ford-0"]
    past = full.before(CUT)
    scores = scoring.scores(fastrp.embed(world, past), past, task)
    assert scores.shape == popularity.scores(task, past).shape
    assert np.isfinite(scores).all()
    own = {
        sku: score
        for sku, score in zip(full.product_ids.keys[task.candidate], scores, strict=True)
        if "FORD" in sku
    }
    assert max(own, key=own.__getitem__) == "FORD1"  # what ford-0 looked at twice


def test_same_seed_gives_the_same_vectors_and_another_seed_others(world: Graph) -> None:
    with gds.projection(world, CUT) as projected:
        first, again, other = (gds.fastrp(projected, seed=seed)["Product"][1] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    with gds.projection(world, CUT) as projected:
        np.testing.assert_array_equal(first, gds.fastrp(projected, seed=3)["Product"][1])


def test_neighbours_are_the_nearest_by_cosine(world: Graph) -> None:
    with gds.projection(world, CUT) as projected:
        embedded = gds.fastrp(projected)
        for label in ("Vehicle", "Product"):
            neighbours = gds.neighbours(projected, label, "Product", 3)
            assert list(neighbours.groupby("node").size()) == [3] * len(embedded[label][0])
            for name, nearest in neighbours.groupby("node"):
                cosine = _cosine(embedded, label, str(name))
                best = sorted(cosine.values(), reverse=True)[:3]
                np.testing.assert_allclose(nearest["similarity"], (1 + np.array(best)) / 2, atol=1e-5)
                np.testing.assert_allclose([cosine[sku] for sku in nearest["neighbour"]], best, atol=1e-5)


def _cosine(embedded: gds.Vectors, label: str, key: str) -> dict[str, float]:
    """Cosine of one node to every other product."""
    unit = {
        name: vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for name, (_, vectors) in embedded.items()
    }
    values = unit["Product"] @ unit[label][list(embedded[label][0]).index(key)]
    return {sku: value for sku, value in zip(embedded["Product"][0], values, strict=True) if sku != key}


def test_projection_is_dropped_even_after_an_error(world: Graph) -> None:
    with pytest.raises(ZeroDivisionError), gds.projection(world, CUT):
        assert projections(world) == [gds.NAME]
        raise ZeroDivisionError
    assert projections(world) == []


def test_a_projection_of_another_run_is_left_alone(world: Graph) -> None:
    with gds.projection(world, CUT):
        with pytest.raises(GraphStateError, match="already") as refused, gds.projection(world, CUT):
            pass
        assert f"gds.graph.drop('{gds.NAME}')" in refused.value.hint
        assert projections(world) == [gds.NAME]


def test_an_empty_graph_is_refused_and_leaves_nothing(graph: Graph) -> None:
    with pytest.raises(GraphStateError, match="empty"), gds.projection(graph, CUT):
        pass
    assert projections(graph) == []


def test_nothing_of_the_client_reaches_the_user(
    world: Graph, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with gds.projection(world, CUT) as projected:
            gds.fastrp(projected)
            gds.neighbours(projected, "Vehicle", "Product", 2)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_a_server_without_gds_is_named_with_the_way_out(tmp_path: Path) -> None:
    settings = small(tmp_path / "home")
    layout = Layout.of(settings)
    layout.create()
    (layout.root / "conf" / "neo4j.conf").write_text("dbms.security.procedures.allowlist=db.*\n")
    lifecycle.up(settings)
    try:
        expected = pytest.raises(GraphStateError, match="not installed")
        with connect(settings) as graph, expected as refused, gds.projection(graph, CUT):
            pass
        assert "plugins" in refused.value.hint
    finally:
        lifecycle.down(settings)
