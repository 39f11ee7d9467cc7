"""Where interest leads, what owners alike bought, vehicles nearby, what is bought next: it fits, and says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holley_graph.embeddings.writeback import write_back
from holley_graph.errors import GraphStateError, NotFound
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.recommend import drawing, strategies
from holley_graph.recommend.answers import Answer
from holley_graph.server.status import connect
from holley_graph.settings import Recommend, Settings, Sync
from holley_graph.times import seconds
from tests.support import raw, runs
from tests.support.held import held
from tests.support.server import live_embedding, wipe
from tests.support.sources import home

RULES = Recommend()
CAMARO, NOVA = ("1969", "Chevrolet", "Camaro"), ("1970", "Chevrolet", "Nova")
LATER = ("1972", "Chevrolet", "Camaro")
OWNERS = {"looker": CAMARO, "buyer1": CAMARO, "buyer2": CAMARO, "nova": NOVA, "later": LATER, "cold": CAMARO}


def event(user: str, name: str, day: int, sku: str) -> dict[str, Any]:
    when = raw.at(f"2025-10-{day:02d}")
    return raw.event(user, name, when, ProductId=sku, Price=100.0, ImageUrl="https://example.org/a")


def source(folder: Path) -> Path:
    """Two Camaro owners bought A1, then B2; one of a later year A1; a Nova owner C3, D4. D4 fits the Nova only."""
    days = {
        "buyer1": {"A1": 1, "B2": 5, "D4": 7},
        "buyer2": {"A1": 1, "B2": 6},
        "nova": {"C3": 1, "D4": 2},
        "later": {"A1": 3},
    }
    bought = [(user, day, sku) for user, day_of_part in days.items() for sku, day in day_of_part.items()]
    return raw.write(
        folder,
        {
            "user_attributes": [
                raw.attributes(
                    user,
                    raw.at("2025-09-02"),
                    email=f"{user}@example.org",
                    v1_year=year,
                    v1_make=make,
                    v1_model=model,
                )
                for user, (year, make, model) in OWNERS.items()
            ],
            "fitment": [
                raw.fitment(*CAMARO, ["A1", "A1B", "B2", "C3"]),
                raw.fitment(*NOVA, ["C3", "D4"]),
                raw.fitment(*LATER, ["A1"]),
            ],
            "items": [raw.item(sku, f"Type {sku[0]}") for sku in ("A1", "A1B", "B2", "C3", "D4")],
            "events": [
                *(event(user, "ORDERED PRODUCT", day, sku) for user, day, sku in bought),
                event("looker", "VIEWED PRODUCT", 8, "A1"),
                event("stranger", "VIEWED PRODUCT", 8, "A1B"),
            ],
        },
    )


@pytest.fixture(scope="module")
def live(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """The world before and after its first release: everybody and every vehicle is alike by their vectors."""
    folder = tmp_path_factory.mktemp("strategies")
    with connect(server) as graph:
        wipe(graph)
        settings = home(folder / "home", sync=Sync(allow_empty=("orders",)))
        sync.sync(FilesSource(source(folder / "source")), graph, settings, as_of=seconds("2026-01-01"))
        without_vectors(graph)
        tables = runs.draw(held(graph), 1)
        for name in ("user", "vehicle"):
            tables[name].vectors[:, :-2] = 1.0
        write_back(graph, runs.write(tables, folder / "r1"))
        yield graph


def without_vectors(graph: Graph) -> None:
    """Intent needs none: what was bought and seen together leads on; what asks an index says that there is none."""
    (row,) = strategies.for_user(graph, "intent", "looker", 4, RULES).rows
    assert (row["sku"], row["answered_by"]) == ("B2", "intent")
    for way in ("owners", "discovery"):
        with pytest.raises(GraphStateError, match="no embeddings yet"):
            strategies.for_user(graph, way, "looker", 4, RULES)
    with pytest.raises(GraphStateError, match="no embeddings yet"):
        strategies.bought_next(graph, "A1", 4, RULES)


def reasons(answer: Answer) -> dict[str, str]:
    return {row["sku"]: row["reason"] for row in answer.rows}


def test_intent_leads_on_from_what_was_looked_at_and_says_from_what(live: Graph) -> None:
    reasons_ = reasons(strategies.for_user(live, "intent", "looker", 4, RULES))
    assert reasons_["B2"] == "leads on from A1, which this user looked at: 2 people bought it next"
    assert set(reasons_) == {"B2", "C3"}  # no colour of what was looked at, nothing that does not fit
    assert reasons_["C3"] == "leads on from A1, which this user looked at, by what was learned"


def test_owners_alike_count_once_and_their_other_vehicles_parts_stay_out(live: Graph) -> None:
    answer = strategies.for_user(live, "owners", "looker", 4, RULES)
    assert reasons(answer)["B2"] == "2 owners like this one bought it, 2 with the same vehicle"
    assert reasons(answer)["C3"] == "1 owner like this one bought it"
    assert "D4" not in reasons(answer)
    assert answer.note == "3 of 4: no more parts that fit were reached"
    scores = {row["sku"]: row["score"] for row in answer.rows}
    assert scores["B2"] == pytest.approx(2.0, abs=1e-4)
    assert scores["C3"] == pytest.approx(1.0, abs=1e-4)


def test_discovery_brings_what_owners_of_the_model_buy_by_years_and_of_near_vehicles_a_hundredth(
    live: Graph,
) -> None:
    answer = strategies.for_user(live, "discovery", "looker", 4, RULES)
    other = "3 owners of vehicles like this one bought it, such as the 1972 CHEVROLET CAMARO"
    own = "2 owners of vehicles like this one bought it, such as the 1969 CHEVROLET CAMARO"
    near = "1 owner of vehicles like this one bought it, such as the 1970 CHEVROLET NOVA"
    assert reasons(answer) == {"A1": other, "B2": own, "C3": near}
    np.testing.assert_allclose([row["score"] for row in answer.rows], [2 + np.exp(-1), 2, 0.01], atol=1e-4)


@pytest.mark.parametrize("way", strategies.STRATEGIES)
def test_what_was_bought_is_left_out_in_every_way(live: Graph, way: str) -> None:
    reasons_ = reasons(strategies.for_user(live, way, "buyer1", 10, RULES))
    assert not {"A1", "A1B", "B2"} & set(reasons_)
    assert "B2" in reasons(strategies.for_user(live, "owners", "buyer1", 10, Recommend(exclude_days=0)))


def test_somebody_without_a_history_still_has_owners_alike(live: Graph) -> None:
    assert set(reasons(strategies.for_user(live, "owners", "cold", 4, RULES))) == {"A1", "B2", "C3"}
    empty = strategies.for_user(live, "intent", "cold", 4, RULES)
    assert (empty.rows, empty.note) == ([], "no part that fits follows from what user cold did")


def test_bought_next_has_a_direction_and_fits_a_shared_vehicle(live: Graph) -> None:
    after = {row["sku"]: row for row in strategies.bought_next(live, "a1", 4, RULES)}
    assert (after["B2"]["buyers"], after["B2"]["buyers_back"], after["B2"]["shared_vehicles"]) == (2, 0, 1)
    assert after["B2"]["reason"] == "2 people bought it next"
    assert "D4" not in after  # bought after it, but by nobody for the same car: it shares no vehicle
    before = {row["sku"]: row for row in strategies.bought_next(live, "B2", 4, RULES)}
    assert {(row["buyers"], row["reason"]) for row in before.values()} == {(0, "by what was learned")}
    assert before.keys() & {"A1", "A1B"}


def test_a_drawing_has_the_fitment_path_and_what_leads_to_the_part(live: Graph) -> None:
    edges = drawing.edges(live, "looker", "b2")
    assert [(e["start"], e["type"], e["end"]) for e in edges] == [
        ("looker", "OWNS", "1969|CHEVROLET|CAMARO"),
        ("B2", "FITS", "1969|CHEVROLET|CAMARO"),
        ("looker", "VIEWED", "A1"),
        ("A1", "CO_PURCHASED", "B2"),
    ]
    assert [e["says"] for e in edges] == ["owns", "fits", "looked at", "2 bought it next"]
    assert [e["type"] for e in drawing.path(edges)] == ["OWNS", "FITS"]
    assert drawing.path(drawing.edges(live, "looker", "D4")) == []
    assert "2 bought it next" in drawing.svg(edges, "b2")
    with pytest.raises(NotFound, match="nothing connects"):
        drawing.edges(live, "nobody", "B2")


def test_who_cannot_be_answered_is_told_so(live: Graph) -> None:
    with pytest.raises(NotFound, match="no user 'nobody'"):
        strategies.for_user(live, "intent", "nobody", 4, RULES)
    with pytest.raises(NotFound, match="has no known vehicle"):
        strategies.for_user(live, "owners", "stranger", 4, RULES)
    with pytest.raises(NotFound, match="no SKU 'NONE'"):
        strategies.bought_next(live, "NONE", 4, RULES)


def test_vectors_without_a_direction_are_like_nobody_and_break_no_answer(live: Graph) -> None:
    """A short training leaves some at zero, and no cosine is defined there."""
    embedding = live_embedding(live)
    statement = "MATCH (n) WHERE n.user_id = $key OR n.vehicle_id = $key"
    zero = f"{statement} SET n.kept = n.{embedding}, n.{embedding} = $zero"
    back = f"MATCH (n) WHERE n.kept IS NOT NULL SET n.{embedding} = n.kept REMOVE n.kept"
    with live.driver.session() as session:
        for key in ("nova", "looker", "1970|CHEVROLET|NOVA", "1969|CHEVROLET|CAMARO"):
            session.run(zero, key=key, zero=[0.0] * runs.DIM + [1.0, 0.0]).consume()
            for way in strategies.STRATEGIES:
                assert "D4" not in reasons(strategies.for_user(live, way, "looker", 4, RULES))
            session.run(back).consume()


def test_only_users_who_did_something_are_in_the_index(live: Graph) -> None:
    with live.driver.session() as session:
        marked = set(session.run("MATCH (u:ActiveUser) RETURN u.user_id").value())
        assert marked == {"looker", "buyer1", "buyer2", "nova", "later", "stranger"}
        session.run("MATCH (:User {user_id: 'stranger'})-[r]->() DELETE r").consume()
        live.write("writeback/mark_active")
        again = live.write("writeback/mark_active")
        assert not {"labels_added", "labels_removed"} & set(again)
        marked = set(session.run("MATCH (u:ActiveUser) RETURN u.user_id").value())
    assert marked == {"looker", "buyer1", "buyer2", "nova", "later"}
