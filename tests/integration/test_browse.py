"""What analysts read, on a graph small enough to count by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holley_graph.graph import browser, queries
from holley_graph.graph.client import Graph
from holley_graph.server.status import connect
from holley_graph.settings import Settings, Sync
from loaders import sync
from loaders.files import FilesSource
from tests.support import raw
from tests.support.hostile import HOSTILE
from tests.support.sources import home

CAMARO, NOVA = ("Chevrolet", "Camaro"), ("Chevrolet", "Nova")
IMAGE = "https://example.org/a"


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
def asked(graph: Graph, tmp_path: Path) -> Graph:
    settings = home(tmp_path / "home", sync=Sync(allow_empty=("orders",)))
    sync.sync(FilesSource(source(tmp_path / "source")), graph, settings, as_of=raw.at("2026-01-01"))
    return graph


def test_each_query_for_analysts_counts_what_is_there(asked: Graph) -> None:
    fits = asked.read("browse/fits_vehicle", vehicle_id="1969|CHEVROLET|CAMARO")
    assert [(row["part_type"], row["parts"], row["eligible"], row["price_to"], row["skus"]) for row in fits] == [
        ("Intake", 3, 1, 250.0, ["B2", "C3", "D4"]),
        ("Carburetor", 1, 1, 100.0, ["A1"]),
    ]
    (years,) = asked.read("browse/vehicles_of_part", sku="A1")
    assert years == {
        "make": "CHEVROLET", "model": "CAMARO", "years": "1967–1969, 1971, 1975", "vehicles": 5, "owners": 3,
    }  # fmt: skip
    compared = {
        r["what"]: (r["one"], r["other"]) for r in asked.read("browse/compare_parts", sku="A1", other_sku="B2")
    }
    assert compared["price"] == (100.0, 250.0)
    assert (compared["vehicles it fits"], compared["vehicles both fit"]) == ((5, 1), (1, 1))
    assert (compared["people who bought it"], compared["people who bought both"]) == ((2, 3), (2, 2))
    assert compared["bought it first, the other later"] == (2, 0)
    assert compared["likeness by what was learned"] == (None, None)
    gaps = asked.read("browse/fitment_gaps", least_owners=1, most_eligible=2, k=9)
    assert [(g["vehicle_id"], g["owners"], g["eligible"], g["fitting"]) for g in gaps] == [
        ("1969|CHEVROLET|CAMARO", 3, 2, 4),
        ("1969|CHEVROLET|NOVA", 1, 0, 0),
    ]
    assert (gaps[0]["refurbished"], gaps[0]["without_image"], gaps[0]["otherwise_out"]) == (1, 1, 0)
    assert asked.read("browse/fitment_gaps", least_owners=2, most_eligible=1, k=9) == []


def test_the_neighbourhood_of_a_part_keeps_its_direction(asked: Graph) -> None:
    with asked.driver.session() as session:
        text = queries.load("browse/co_purchase").text
        (after,) = session.run(text, sku="A1", k=5).value("path")  # type: ignore[arg-type]
        (before,) = session.run(text, sku="B2", k=5).value("path")  # type: ignore[arg-type]
    assert [(p.start_node["sku"], p.end_node["sku"]) for p in (*after.relationships, *before.relationships)] == [
        ("A1", "B2")
    ] * 2


def test_data_quality_names_what_is_missing(asked: Graph) -> None:
    found = {row["what"]: row for row in asked.read("browse/data_quality", examples=1)}
    assert (found["parts without an image"]["found"], found["parts without an image"]["of"]) == (2, 4)
    assert found["parts without an image"]["examples"] == ["C3"]
    assert found["vehicles that nothing fits"]["examples"] == ["1969|CHEVROLET|NOVA"]
    assert found["vehicles that nobody owns"]["found"] == 4
    assert found["users without a vehicle"] == {
        "what": "users without a vehicle", "found": 0, "of": 4, "examples": [],
    }  # fmt: skip
    assert found["users with a history and without a live vector"]["found"] == 3


def test_release_changes_say_what_came_and_went(asked: Graph) -> None:
    vectors = [("A1", [0.1, 1.0], [1.0, 0.1]), ("B2", [1.0, 0.1], [0.1, 1.0])]
    with asked.driver.session() as session:
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
    changed, empty = asked.read("browse/release_changes", vehicles=5, k=1)
    assert (changed["kept"], changed["came"], changed["went"]) == (0, ["B2"], ["A1"])
    assert (empty["vehicle_id"], empty["live"]) == ("1969|CHEVROLET|NOVA", [])
    (kept, _) = asked.read("browse/release_changes", vehicles=5, k=2)
    assert (kept["kept"], kept["came"], kept["live"], kept["previous"]) == (2, [], ["B2", "A1"], ["A1", "B2"])


def test_a_value_that_a_link_fills_in_is_the_text_that_was_meant(server: Settings) -> None:
    query = replace(browser.find("co_purchase"), text="RETURN $sku AS sku")
    with connect(server) as graph, graph.driver.session() as session:
        answers = [session.run(browser.filled(query, {"sku": text})).single(strict=True) for text in HOSTILE]  # type: ignore[arg-type]
    assert [answer["sku"] for answer in answers] == HOSTILE
