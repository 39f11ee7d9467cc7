"""Answers in a graph without vehicles: by the index, else by what most people bought."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from holley_graph.embeddings.writeback import write_back
from holley_graph.errors import NotFound
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.recommend import answers
from holley_graph.settings import Recommend, Sync
from holley_graph.times import seconds
from tests.support import raw, runs
from tests.support.held import held
from tests.support.sources import home

AS_OF = seconds("2026-01-01")
RULES = Recommend()


@pytest.fixture
def bare(graph: Graph, tmp_path: Path) -> Graph:
    """Forty parts, five people who looked at them and one who bought some; an order tells nothing of a sixth."""
    skus = [f"P{i:02d}9" for i in range(40)]
    user = "u0"
    rows = [
        raw.event(
            f"u{i % 5}", "VIEWED PRODUCT", raw.at("2025-10-01"), ProductId=s, Price=99.0, ImageUrl="https://e.org/x"
        )
        for i, s in enumerate(skus)
    ]
    rows += [raw.event(user, "ORDERED PRODUCT", raw.at("2025-10-02"), ProductId=s) for s in skus[:3]]
    source = raw.write(
        tmp_path / "source",
        {
            "user_attributes": [
                raw.attributes(u, raw.at("2025-09-02"), email=f"{u}@example.org") for u in (user, "new")
            ],
            "items": [raw.item(s, f"Type {i % 7}") for i, s in enumerate(skus)]
            + [raw.item(skus[3] + "B", "Type 3")],
            "events": rows,
            "orders": [raw.order(skus[4], "u0@example.org", "Friday, January 10, 2025")],
        },
    )
    empty = Sync(allow_empty=("fitment",))
    sync.sync(FilesSource(source), graph, home(tmp_path / "home", sync=empty), as_of=AS_OF)
    return graph


def test_a_graph_without_vehicles_answers_by_the_index(bare: Graph, tmp_path: Path) -> None:
    contents = held(bare)
    tables = runs.draw(contents, 1)
    write_back(bare, runs.write(tables, tmp_path / "r1"))
    user, products = tables["user"], tables["product"]
    scores = products.vectors.astype(float) @ user.vectors[user.find(np.array(["u0"], object))[0]].astype(float)
    bought = {sku for u, sku in contents["ordered"] if u == "u0"}
    assert len(bought) == 4
    types: Counter[str] = Counter()
    wanted = []
    for score, sku in sorted(zip(-scores, products.keys, strict=True)):
        product = contents["product"][sku,]
        if product["eligible"] and sku not in bought:
            types[product["part_type"]] += 1
            wanted += [(sku, -score)] if types[product["part_type"]] <= 2 else []
    answer = answers.for_user(bare, "u0", 6, RULES)
    assert [row["sku"] for row in answer.rows] == [sku for sku, _ in wanted[:6]]
    np.testing.assert_allclose([row["score"] for row in answer.rows], [s for _, s in wanted[:6]], atol=1e-4)
    assert {(row["answered_by"], row["vehicle_id"]) for row in answer.rows} == {("user", None)}
    assert (answer.vehicle_id, answer.note) == (None, "")
    assert answers.for_user(bare, "u0", 100, RULES).note.startswith("the index has no more eligible neighbours")


@pytest.mark.parametrize("is_live", [False, True])
def test_without_vehicles_parts_of_unknown_type_are_not_taken_for_one_type(
    bare: Graph, tmp_path: Path, is_live: bool
) -> None:
    with bare.driver.session() as session:
        session.run("MATCH (p:Product) SET p.part_type = 'UNKNOWN'").consume()
    if is_live:
        write_back(bare, runs.write(runs.draw(held(bare), 1), tmp_path / "r1"))
    rows = answers.for_user(bare, "u1", 4, RULES).rows
    assert len({row["sku"] for row in rows}) == 4 and {row["part_type"] for row in rows} == {"UNKNOWN"}
    assert {row["answered_by"] for row in rows} == {"user" if is_live else "global"}


def test_a_graph_without_vehicles_knows_what_was_bought_under_another_id(bare: Graph, tmp_path: Path) -> None:
    write_back(bare, runs.write(runs.draw(held(bare), 1), tmp_path / "r1"))
    anything = Recommend(per_part_type=100)
    first = answers.for_user(bare, "u1", 3, anything).rows[0]["sku"]
    with bare.driver.session() as session:
        session.run("MATCH (u:User {user_id: 'u1'}) SET u.email_hash = 'same' CREATE (o:User {user_id: 'other', "
                    "email_hash: 'same'}) WITH o MATCH (p:Product {sku: $sku}) CREATE (o)-[:ORDERED "
                    "{count: 1, at: [0], last_at: datetime('2025-12-01')}]->(p)", sku=first).consume()  # fmt: skip
    assert first not in [row["sku"] for row in answers.for_user(bare, "u1", 3, anything).rows]


@pytest.mark.parametrize("is_live", [False, True])
def test_whom_no_release_knows_gets_what_most_people_bought(bare: Graph, tmp_path: Path, is_live: bool) -> None:
    contents = held(bare)
    if is_live:
        write_back(bare, runs.write(runs.draw(contents, 1), tmp_path / "r1"))
    buyers = Counter(sku for _, sku in contents["ordered"] if contents["product"][sku,]["eligible"])
    types: Counter[str] = Counter()
    wanted = []
    for sku in sorted(buyers, key=lambda sku: (-buyers[sku], sku)):
        types[contents["product"][sku,]["part_type"]] += 1
        wanted += [sku] if types[contents["product"][sku,]["part_type"]] <= 2 else []
    answer = answers.for_user(bare, "new", 4, RULES)
    assert wanted
    assert [row["sku"] for row in answer.rows] == wanted[:4]
    assert {row["answered_by"] for row in answer.rows} == {"global"}
    assert answer.note == "no live release knows user 'new': this is what most people bought"


def unit(vectors: np.ndarray) -> np.ndarray:
    taste = vectors[:, :-2].astype(float)
    return np.asarray(taste / np.linalg.norm(taste, axis=1, keepdims=True))


@pytest.mark.parametrize("is_typed", [True, False])
def test_without_vehicles_similar_parts_are_viewed_together_or_alike(
    bare: Graph, tmp_path: Path, is_typed: bool
) -> None:
    """Of the same part type where it is known; the index proposes only where it is not."""
    if not is_typed:
        with bare.driver.session() as session:
            session.run("MATCH (p:Product) SET p.part_type = 'UNKNOWN'").consume()
    contents = held(bare)
    tables = runs.draw(contents, 1)
    write_back(bare, runs.write(tables, tmp_path / "r1"))
    keys = tables["product"].keys
    cosine = dict(zip(keys, unit(tables["product"].vectors) @ unit(tables["product"].vectors)[0], strict=True))
    me = contents["product"][keys[0],]
    scores = {}
    for sku in keys:
        product = contents["product"][sku,]
        pair = contents["co_viewed"].get((min(keys[0], sku), max(keys[0], sku)), {"count": 0})
        is_allowed = product["eligible"] and product["display_key"] != me["display_key"]
        if is_allowed and (not is_typed or product["part_type"] == me["part_type"]):
            scores[sku] = pair["count"] + 2 * cosine[sku]
    rows = answers.similar(bare, keys[0], 4, RULES)
    wanted = sorted(scores, key=lambda sku: -scores[sku])[:4]
    assert [row["sku"] for row in rows] == wanted
    np.testing.assert_allclose([row["score"] for row in rows], [scores[sku] for sku in wanted], atol=1e-5)


def test_without_vehicles_and_without_a_release_similar_parts_are_what_is_viewed_together(bare: Graph) -> None:
    with bare.driver.session() as session:
        session.run("MATCH (p:Product) SET p.part_type = 'UNKNOWN'").consume()
    pairs = held(bare)["co_viewed"]
    assert pairs
    sku = min(pairs)[0]
    rows = answers.similar(bare, sku, 4, RULES)
    assert rows and all(row["sessions"] for row in rows)
    with bare.driver.session() as session:
        session.run("MATCH ()-[r:CO_VIEWED]-() DELETE r").consume()
    with pytest.raises(NotFound, match=f"{sku} has no known part type"):
        answers.similar(bare, sku, 4, RULES)
