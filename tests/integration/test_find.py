"""People, vehicles and parts are found by what somebody knows of them, and a wrong name leads to the nearest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holley_graph.errors import GraphStateError, NotFound
from holley_graph.find import find, nearest
from holley_graph.graph.client import Graph
from holley_graph.loaders import identity, sync
from holley_graph.loaders.files import FilesSource
from holley_graph.recommend import answers
from holley_graph.server.status import connect
from holley_graph.settings import Recommend, Settings, Sync
from holley_graph.times import seconds
from tests.support import raw
from tests.support.server import wipe
from tests.support.sources import home

AS_OF = seconds("2026-01-01")
EMAIL = "ann.smith@nowhere.example"
FORD = {"v1_make": "Ford", "v1_model": "F-150"}
CAMARO = {"v1_make": "Chevrolet", "v1_model": "Camaro"}


def source(folder: Path) -> Path:
    """Ann has two ids and two vehicles; Bob drives what Ann drives and bought a part for it."""
    seen = {"ProductId": "0-4779S.2", "ImageUrl": "https://example.org/a"}
    return raw.write(
        folder,
        {
            "user_attributes": [
                raw.attributes("ann-1", raw.at("2025-09-02"), email=EMAIL, v1_year="1969", **CAMARO),
                raw.attributes("ann-2", raw.at("2025-10-02"), email=EMAIL.upper(), v1_year="1970", **FORD),
                raw.attributes("bob-1", raw.at("2025-09-03"), email="bob@nowhere.example", v1_year="1970", **FORD),
                raw.attributes("cem-1", raw.at("2025-09-03"), email="cem@nowhere.example", v1_year="2002", **FORD),
            ],
            "fitment": [
                raw.fitment("1969", "Chevrolet", "Camaro", ["0-4779S.2", "43-1000"]),
                raw.fitment("1970", "Ford", "F-150", ["0-4779S.2"]),
                raw.fitment("2002", "Ford", "F-150", ["43-1000"]),
            ],
            "items": [
                raw.item("0-4779S.2", "Carburetor", Title="Street Warrior 3.5 Carburetor", Brand="Holley"),
                raw.item("43-1000", "Distributor Cap", Title="Distributor Cap, brown", Brand="MSD"),
            ],
            "events": [raw.event("bob-1", "ORDERED PRODUCT", raw.at("2025-10-03"), **seen)],
        },
    )


@pytest.fixture(scope="module")
def settings(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return home(tmp_path_factory.mktemp("find"), sync=Sync(allow_empty=("orders",)))


@pytest.fixture(scope="module")
def graph(server: Settings, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    with connect(server) as connected:
        wipe(connected)
        folder = source(tmp_path_factory.mktemp("source") / "raw")
        sync.sync(FilesSource(folder), connected, settings, as_of=AS_OF)
        yield connected


def test_an_email_finds_every_id_of_the_person_and_the_vehicle_that_was_named_last(
    graph: Graph, settings: Settings
) -> None:
    hashed = identity.hashed_email(settings, identity.spelled_email(f"  {EMAIL.upper()} "))
    rows = find.people_by_email(graph, hashed)
    assert [(row["user_id"], row["vehicle_id"]) for row in rows] == [
        ("ann-2", "1970|FORD|F-150"),
        ("ann-1", "1969|CHEVROLET|CAMARO"),
    ]
    with pytest.raises(NotFound) as error:
        find.people_by_email(graph, identity.hashed_email(settings, "nobody@nowhere.example"))
    assert "nobody@" not in f"{error.value} {error.value.hint}"


def test_owners_of_a_vehicle_come_by_what_they_did(graph: Graph) -> None:
    rows = find.people_by_vehicle(graph, "1970|FORD|F-150", 5)
    assert [(row["user_id"], row["ordered"], row["last_at"]) for row in rows] == [
        ("bob-1", 1, "2025-10-03T00:00:00Z"),
        ("ann-2", 0, None),
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("camaro", ["1969 CHEVROLET CAMARO"]),
        ("che CAM", ["1969 CHEVROLET CAMARO"]),
        ("f-150", ["1970 FORD F-150", "2002 FORD F-150"]),
        ("ford 2002", ["2002 FORD F-150"]),
        ("2002", ["2002 FORD F-150"]),
        ("mustang", []),
        ('"AND OR\\ (', []),
        ("", ["1970 FORD F-150", "1969 CHEVROLET CAMARO", "2002 FORD F-150"]),
    ],
)
def test_vehicles_are_found_by_parts_of_their_name(graph: Graph, words: str, expected: list[str]) -> None:
    assert [row["vehicle_id"].replace("|", " ") for row in find.vehicles(graph, words, 9)] == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("0-4779s.2", ["0-4779S.2"]),
        ("4779", ["0-4779S.2"]),
        ("43-10", ["43-1000"]),
        ("warrior 3.5", ["0-4779S.2"]),
        ("distrib cap", ["43-1000"]),
        ("msd", ["43-1000"]),
        ("holley cap", []),
        ("", ["0-4779S.2", "43-1000"]),
    ],
)
def test_parts_are_found_by_number_title_type_and_brand(graph: Graph, words: str, expected: list[str]) -> None:
    assert [row["sku"] for row in find.parts(graph, words, 9)] == expected


def test_what_is_found_says_how_many_have_it(graph: Graph) -> None:
    assert find.vehicles(graph, "1970", 1)[0]["owners"] == 2
    part = find.parts(graph, "carburetor", 1)[0]
    assert (part["buyers"], part["vehicles"], part["title"]) == (1, 2, "Street Warrior 3.5 Carburetor")


def test_an_unknown_name_leads_to_the_nearest_and_to_what_there_is_of_its_make(graph: Graph) -> None:
    vehicle = nearest.no_vehicle(graph, "1968 Chevrolte Camero")
    assert "nearest: 1969 CHEVROLET CAMARO" in vehicle.hint
    assert "1 model of CHEVROLET, 1969 to 1969: holley-graph find vehicles chevrolet" in vehicle.hint
    honda = nearest.no_vehicle(graph, "1970 Honda Civic")
    assert honda.hint.startswith("no make or model of that name") and "models of" not in honda.hint
    ford = nearest.no_vehicle(graph, "2001 Ford F150")
    assert "1 model of FORD, 1970 to 2002" in ford.hint
    assert "nearest: 43-1000 (Distributor Cap, brown)" in nearest.no_sku(graph, "43-1001").hint
    assert "ann-1, ann-2" in nearest.no_user(graph, "ann-7").hint
    with pytest.raises(NotFound, match="no vehicle '1969 CAMARRO' in the graph") as error:
        answers.for_vehicle(graph, "1969 CAMARRO", 4, Recommend())
    assert "1969 CHEVROLET CAMARO" in error.value.hint


def test_what_is_like_nothing_says_how_a_name_is_written(graph: Graph) -> None:
    assert nearest.no_vehicle(graph, "§§§").hint == nearest.WRITTEN
    assert nearest.no_user(graph, "zzzzzzzz").hint == "holley-graph find people --email - looks by email"


def test_a_graph_of_an_earlier_version_says_what_to_do(graph: Graph) -> None:
    with graph.driver.session() as session:
        session.run("DROP INDEX vehicle_search").consume()
    try:
        with pytest.raises(GraphStateError, match="no index") as error:
            find.vehicles(graph, "camaro", 9)
        assert error.value.hint == "holley-graph migrate"
        assert nearest.no_vehicle(graph, "1969 CAMARRO").hint == nearest.WRITTEN
    finally:
        with graph.driver.session() as session:
            session.run("MATCH (m:Migration {version: 4}) DELETE m").consume()
        from holley_graph.graph import migrations

        migrations.apply(graph)
