"""What analysts read, on a graph small enough to count by hand."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from holley_graph.embeddings.writeback import write_back
from holley_graph.graph import browser, queries
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.server.status import connect
from holley_graph.settings import Settings, Sync
from holley_graph.times import seconds
from tests.support import raw, runs
from tests.support.held import held
from tests.support.hostile import HOSTILE
from tests.support.sources import home

CAMARO, NOVA = ("Chevrolet", "Camaro"), ("Chevrolet", "Nova")
IMAGE = "https://example.org/a"
PACK = [query.name.removeprefix("browse/") for query in browser.pack()]


def bought(user: str, day: int, sku: str, price: float = 100.0) -> dict[str, Any]:
    at = raw.at(f"2025-10-{day:02d}")
    return raw.event(user, "ORDERED PRODUCT", at, ProductId=sku, Price=price, ImageUrl=IMAGE)


def viewed(user: str, day: int, sku: str) -> dict[str, Any]:
    return raw.event(user, "VIEWED PRODUCT", raw.at(f"2025-10-{day:02d}"), ProductId=sku)


def source(folder: Path) -> Path:
    """Three owners of a 1969 Camaro, one of a Nova; A1 fits Camaros of five years, B2 one, C3 has no image."""
    owners = {"u1": CAMARO, "u2": CAMARO, "u3": CAMARO, "u4": NOVA}
    years = {1967: ["A1"], 1968: ["A1"], 1969: ["A1", "B2", "C3", "D4"], 1971: ["A1"], 1975: ["A1"]}
    return raw.write(
        folder,
        {
            "user_attributes": [
                raw.attributes(
                    user,
                    raw.at("2025-09-02"),
                    email=f"{user}@example.org",
                    v1_year="1969",
                    v1_make=make,
                    v1_model=model,
                )
                for user, (make, model) in owners.items()
            ],
            "fitment": [
                *(raw.fitment(str(year), *CAMARO, skus) for year, skus in years.items()),
                raw.fitment("1969", *NOVA, []),
            ],
            "items": [
                raw.item("A1", "Carburetor"),
                raw.item("B2", "Intake"),
                raw.item("C3", "Intake"),
                raw.item("D4", "Intake", Tags="Refurbished"),
            ],
            "events": [
                bought("u1", 1, "A1"),
                bought("u1", 5, "B2", 250.0),
                bought("u2", 1, "A1"),
                bought("u2", 9, "B2", 250.0),
                bought("u3", 3, "B2", 250.0),
                viewed("u3", 2, "A1"),
            ],
        },
    )


@pytest.fixture
def small(graph: Graph, tmp_path: Path) -> Graph:
    settings = home(tmp_path / "home", sync=Sync(allow_empty=("orders",)))
    sync.sync(FilesSource(source(tmp_path / "source")), graph, settings, as_of=seconds("2026-01-01"))
    return graph


def test_each_query_for_analysts_counts_what_is_there(small: Graph) -> None:
    fits = small.read("browse/fits_vehicle", vehicle_id="1969|CHEVROLET|CAMARO")
    assert [(row["part_type"], row["parts"], row["eligible"], row["price_to"], row["listed"]) for row in fits] == [
        ("Intake", 3, 1, 250.0, ["B2", "C3", "D4"]),
        ("Carburetor", 1, 1, 100.0, ["A1"]),
    ]
    (years,) = small.read("browse/vehicles_of_part", sku="A1")
    assert years == {
        "make": "CHEVROLET", "model": "CAMARO", "years": "1967–1969, 1971, 1975", "vehicles": 5, "owners": 3,
    }  # fmt: skip
    compared = {
        r["what"]: (r["one"], r["other"]) for r in small.read("browse/compare_parts", sku="A1", other_sku="B2")
    }
    assert compared["price"] == (100.0, 250.0)
    assert (compared["vehicles it fits"], compared["vehicles both fit"]) == ((5, 1), (1, 1))
    assert (compared["people who bought it"], compared["people who bought both"]) == ((2, 3), (2, 2))
    assert compared["bought it first, the other later"] == (2, 0)
    assert compared["likeness by what was learned"] == (None, None)
    gaps = small.read("browse/fitment_gaps", least_owners=1, most_eligible=2, k=9)
    assert [(g["vehicle_id"], g["owners"], g["eligible"], g["fitting"]) for g in gaps] == [
        ("1969|CHEVROLET|CAMARO", 3, 2, 4),
        ("1969|CHEVROLET|NOVA", 1, 0, 0),
    ]
    assert (gaps[0]["refurbished"], gaps[0]["without_image"], gaps[0]["otherwise_out"]) == (1, 1, 0)
    (none,) = small.read("browse/fitment_gaps", least_owners=2, most_eligible=1, k=9)
    assert none["vehicle_id"] == "no vehicle of 2 owners for which at most 1 parts may be recommended"
    (wanted,) = small.read("browse/demand_gaps", most_vehicles=9, k=9)
    assert [wanted[name] for name in ("sku", "viewers", "viewers_it_fits", "buyers", "vehicles", "owners")] == [
        "A1", 1, 1, 2, 5, 3,
    ]  # fmt: skip


def test_the_neighbourhood_of_a_part_keeps_its_direction(small: Graph) -> None:
    with small.driver.session() as session:
        text = queries.load("browse/co_purchase").text
        (after,) = session.run(text, sku="A1", k=5).value("path")  # type: ignore[arg-type]
        (before,) = session.run(text, sku="B2", k=5).value("path")  # type: ignore[arg-type]
    assert [(p.start_node["sku"], p.end_node["sku"]) for p in (*after.relationships, *before.relationships)] == [
        ("A1", "B2")
    ] * 2


def test_data_quality_names_what_is_missing(small: Graph) -> None:
    rows = {row["what"]: row for row in small.read("browse/data_quality", examples=1)}
    assert (rows["parts without an image"]["found"], rows["parts without an image"]["of"]) == (2, 4)
    assert rows["parts without an image"]["examples"] == ["C3"]
    assert rows["vehicles that nothing fits"]["examples"] == ["1969|CHEVROLET|NOVA"]
    assert rows["vehicles that nobody owns"]["found"] == 4
    assert rows["users without a vehicle"] == {
        "what": "users without a vehicle", "found": 0, "of": 4, "examples": [],
    }  # fmt: skip
    assert rows["users with a history and without a live vector"]["found"] == 3


def test_release_changes_say_what_came_and_went(small: Graph) -> None:
    vectors = [("A1", [0.1, 1.0], [1.0, 0.1]), ("B2", [1.0, 0.1], [0.1, 1.0])]
    with small.driver.session() as session:
        session.run(
            "MATCH (s:Sync) SET s.live_slot = 'b' "
            "CREATE (:Release {slot: 'b', state: 'ready', product_norm: 1.0}), "
            "(:Release {slot: 'a', state: 'ready', product_norm: 1.0}), (:Release {slot: 'c', state: 'staging'})"
        ).consume()
        session.run("MATCH (v:Vehicle {year: 1969}) SET v.embedding_b = [1.0, 0.0], v.embedding_a = [1.0, 0.0]")
        session.run(
            "UNWIND $v AS v MATCH (p:Product {sku: v[0]}) SET p.embedding_b = v[1], p.embedding_a = v[2]",
            v=vectors,
        )
    changed, empty = small.read("browse/release_changes", vehicles=5, k=1)
    assert (changed["kept"], changed["came"], changed["went"]) == (0, ["B2"], ["A1"])
    assert (empty["vehicle_id"], empty["live"]) == ("1969|CHEVROLET|NOVA", [])
    (first, _) = small.read("browse/release_changes", vehicles=5, k=2)
    assert (first["kept"], first["came"], first["live"], first["previous"]) == (2, [], ["B2", "A1"], ["A1", "B2"])
    (lost,) = small.read("browse/losing_parts", vehicles=5, best=1, k=9)
    assert [lost[name] for name in ("sku", "owners", "owners_before", "change", "vehicles", "vehicles_before")] == [
        "A1", 0, 3, -3, 0, 1,
    ]  # fmt: skip


def test_queries_begin_with_the_vehicle_most_owned_its_middle_owner_and_the_part_most_bought(small: Graph) -> None:
    assert small.read("server/typical") == [
        {"user_id": "u2", "vehicle_id": "1969|CHEVROLET|CAMARO", "sku": "B2", "other_sku": "A1"}
    ]


def test_keys_that_an_empty_graph_lacks_are_words_that_say_what_to_put_there(graph: Graph) -> None:
    assert graph.read("server/typical") == [
        {"user_id": "USER", "vehicle_id": "YEAR|MAKE|MODEL", "sku": "SKU", "other_sku": "SKU"}
    ]


def firsts(graph: Graph, typical: dict[str, Any]) -> dict[str, list[Any]]:
    """Run every query; name to the values of the first column."""
    pack = {name: browser.find(name) for name in PACK}
    with graph.driver.session() as session:
        return {name: session.run(q.text, browser.values(q, typical)).value() for name, q in pack.items()}  # type: ignore[arg-type]


def silent(values: list[Any]) -> bool:
    """Whether a query says that it finds nothing."""
    return len(values) == 1 and str(values[0]).startswith(("no ", "not "))


def test_a_query_that_finds_nothing_says_so(small: Graph) -> None:
    nobody = dict.fromkeys(("user_id", "vehicle_id", "sku", "other_sku"), "NOPE")
    about = {name for name in PACK if set(nobody) & set(browser.find(name).params)}
    firsts_ = {name: values for name, values in firsts(small, nobody).items() if silent(values)}
    assert set(firsts_) == about | {"losing_parts", "release_changes"}  # there is no release yet
    assert all("NOPE" in values[0] for name, values in firsts_.items() if name in about)


def test_every_query_says_something_of_an_empty_graph(graph: Graph) -> None:
    firsts_ = firsts(graph, graph.read("server/typical")[0])
    assert [name for name, values in firsts_.items() if not silent(values)] == ["schema", "data_quality"]


PARTS, OWNERS = 12, 30


def shop(folder: Path) -> Path:
    """A shop of another make, with keys of its own: every part fits every year, each owner did something else."""
    skus = [f"ND-{n:02d}" for n in range(PARTS)]
    events = [
        did(f"klient-{n}", day, skus[part % PARTS])
        for n in range(OWNERS)
        for did, day, part in (
            (viewed, 1, n),
            (viewed, 2, n + 3),
            (bought, 3, 5 * n),
            (bought, 4, 5 * n + n % 4 + 1),
        )
    ]
    return raw.write(
        folder,
        {
            "user_attributes": [
                raw.attributes(
                    f"klient-{n}",
                    raw.at("2025-09-02"),
                    email=f"klient-{n}@example.org",
                    v1_year=str(2001 + n % 4),
                    v1_make="Škoda",
                    v1_model="Octavia",
                )
                for n in range(OWNERS)
            ],
            "fitment": [raw.fitment(str(year), "Škoda", "Octavia", skus) for year in range(2001, 2005)],
            "items": [raw.item(sku, f"Kind {n % 5}", Title=f"Part {n}") for n, sku in enumerate(skus)],
            "events": events,
        },
    )


@pytest.fixture
def released(graph: Graph, tmp_path: Path) -> Graph:
    """The shop with two releases, their vectors drawn at random."""
    settings = home(tmp_path / "home", sync=Sync(allow_empty=("orders",)))
    sync.sync(FilesSource(shop(tmp_path / "shop")), graph, settings, as_of=seconds("2026-01-01"))
    for seed in (1, 2):
        write_back(graph, runs.write(runs.draw(held(graph), seed), tmp_path / f"r{seed}"))
    return graph


def test_every_query_finds_something_in_a_graph_of_other_keys(released: Graph) -> None:
    (typical,) = released.read("server/typical")
    assert typical["user_id"].startswith("klient-") and typical["vehicle_id"].endswith("|ŠKODA|OCTAVIA")
    firsts_ = firsts(released, typical)
    assert [name for name, values in firsts_.items() if not values or silent(values)] == []


ASKED = {"k": 4, "per_part_type": 2, "exclude_days": 365}


def best(graph: Graph, user: str) -> list[tuple[str, float]]:
    rows = graph.read("recommend/user", user_id=user, rules=[], **ASKED)
    return [(row["sku"], round(row["score"], 3)) for row in rows]


def test_a_saved_query_recommends_what_is_recommended_and_says_why(released: Graph) -> None:
    for user in (f"klient-{n}" for n in range(OWNERS)):
        rows = released.read("browse/recommended", user_id=user, **ASKED)
        assert [(row["sku"], row["score"]) for row in rows] == best(released, user)
    (message,) = [
        row["why"] for row in released.read("browse/recommended", user_id="klient-0", **ASKED) if row["why"]
    ][:1]
    assert all(re.search(r"^(viewed|ordered) on 2025-10-|bought it", fact) for fact in message)


def test_what_a_release_changes_for_somebody_is_one_answer_beside_the_other(released: Graph) -> None:
    user = "klient-7"
    rows = released.read("browse/release_changes_for", user_id=user, **ASKED)
    live = sorted((row["place"], row["sku"], row["score"]) for row in rows if row["place"])
    before = sorted((row["place_before"], row["sku"], row["score_before"]) for row in rows if row["place_before"])
    assert [part[1:] for part in live] == best(released, user)
    assert {row["change"] for row in rows} >= {"new", "gone"}
    (other,) = (part for part in released.read("writeback/releases") if part["state"] == "previous")
    released.write("writeback/release_live", number=other["number"])
    assert [part[1:] for part in before] == best(released, user)


def test_owners_alike_are_those_of_the_nearest_vectors(released: Graph) -> None:
    rows = released.read("browse/owners_alike", user_id="klient-7", k=5, candidates=OWNERS)
    with released.driver.session() as session:
        (slot,) = session.run("MATCH (s:Sync) RETURN s.live_slot").value()
        records = dict(session.run(f"MATCH (u:User) RETURN u.user_id, u.embedding_{slot}").values())  # type: ignore[arg-type]
    taste = {user: np.array(vector[:-2]) / np.linalg.norm(vector[:-2]) for user, vector in records.items()}
    likeness = {user: float(vector @ taste["klient-7"]) for user, vector in taste.items() if user != "klient-7"}
    nearest = sorted(likeness, key=lambda user: -likeness[user])[:5]
    assert [row["user_id"] for row in rows] == nearest
    assert [row["likeness"] for row in rows] == pytest.approx([likeness[user] for user in nearest], abs=1e-3)


def test_a_value_that_a_link_fills_in_is_the_text_that_was_meant(server: Settings) -> None:
    query = replace(browser.find("co_purchase"), text="RETURN $sku AS sku")
    with connect(server) as graph, graph.driver.session() as session:
        answers = [session.run(browser.filled(query, {"sku": text})).single(strict=True) for text in HOSTILE]  # type: ignore[arg-type]
    assert [answer["sku"] for answer in answers] == HOSTILE
