"""People are counted, not ids: all ids of one address are one person, who is none of the others of their own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from holley_graph.embeddings.writeback import write_back
from holley_graph.export import wording
from holley_graph.export.everybody import export
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.recommend import strategies
from holley_graph.recommend.explain import explain
from holley_graph.settings import Recommend, Settings
from holley_graph.times import moment, seconds
from tests.support import raw, runs
from tests.support.held import held
from tests.support.sources import home

AS_OF = seconds("2026-02-01")
LONG_AGO, LATER = "Friday, January 10, 2025", "Monday, January 13, 2025"
EMPTY = {"allow_empty": raw.RAW_NAMES}
PARTS = [f"P-{n}001" for n in range(5)]
FIRST, THEN = PARTS[:2]
FITS = set(wording.of_vehicle(2007, "JEEP", "PATRIOT")[2:])
RANKERS = ("graph", "baseline", "hybrid", "universal")


def owner(user_id: str, email: str) -> raw.Row:
    """Somebody with a Patriot."""
    report = {"v1_year": "2007", "v1_make": "JEEP", "v1_model": "PATRIOT"}
    return raw.attributes(user_id, raw.at("2025-06-01"), email=email, **report)


def shop(
    folder: Path, users: Iterable[raw.Row], orders: Iterable[raw.Row] = (), events: Iterable[raw.Row] = ()
) -> Path:
    """Five parts that fit one vehicle, with prices and images."""
    image = {"Price": 400.0, "ImageUrl": "https://cdn.example/x.jpg"}
    seen = [raw.event("anon", "Viewed Product", raw.at("2025-11-03"), ProductId=sku, **image) for sku in PARTS]
    return raw.write(
        folder,
        {
            "user_attributes": list(users),
            "fitment": [raw.fitment("2007", "JEEP", "PATRIOT", PARTS)],
            "items": [raw.item(sku, f"Camshaft {n}") for n, sku in enumerate(PARTS)],
            "events": [*seen, *events],
            "orders": list(orders),
        },
    )


def live(graph: Graph, folder: Path, source: Path) -> Settings:
    """Sync a shop, and put vectors live."""
    settings = home(folder / "home", sync=EMPTY, recommend={"universal_share": 1.0, "min_people": 2})
    sync.sync(FilesSource(source), graph, settings, as_of=AS_OF)
    write_back(graph, runs.write(runs.draw(held(graph), 1), settings.home / "runs" / "r1"))
    return settings


def reasons(graph: Graph, settings: Settings, sku: str) -> dict[str, str]:
    """What each address reads about a part."""
    path = settings.home / "sent.parquet"
    export(graph, settings, path, moment(AS_OF))
    rows = pq.read_table(path).to_pylist()
    return {
        row["email_lower"]: row[f"rec{n}_reason"]
        for row in rows
        for n in range(1, 5)
        if row[f"rec_part_{n}"] == sku
    }


def everything(graph: Graph, settings: Settings, user: str, sku: str) -> str:
    return "\n".join(explain(graph, user, sku, settings.recommend).speaks_for)


def ids(name: str, count: int) -> list[raw.Row]:
    return [owner(f"{name}-{n}", f"{name}@shop.example") for n in range(count)]


def test_a_person_with_many_ids_is_one_and_no_other_to_themselves(graph: Graph, tmp_path: Path) -> None:
    """Whoever reads a row with the part must not learn that one person bought it."""
    users = [*ids("solo", 4), *ids("neighbour", 1)]
    settings = live(graph, tmp_path, shop(tmp_path / "s", users, [raw.order(FIRST, "solo@shop.example", LONG_AGO)]))
    message = [reasons(graph, settings, sku) for sku in PARTS]
    assert {reason for row in message for reason in row.values()} <= FITS
    assert {name for row in message for name in row} == {"solo@shop.example", "neighbour@shop.example"}
    assert "bought" not in everything(graph, settings, "solo-0", FIRST)
    assert "1 person with the same year, make and model bought it" in everything(
        graph, settings, "neighbour-0", FIRST
    )


def test_others_are_counted_once_each_whatever_their_ids_bought(graph: Graph, tmp_path: Path) -> None:
    """One bought by an order line, one under an id that owns nothing; the reader bought it, too."""
    users = [*ids("ann", 2), *ids("bob", 3), *ids("reader", 2), *ids("new", 1)]
    users.append(raw.attributes("bob-else", raw.at("2025-06-01"), email="bob@shop.example"))
    orders = [raw.order(FIRST, f"{name}@shop.example", LONG_AGO) for name in ("ann", "reader")]
    bought = raw.event("bob-else", "Ordered Product", raw.at("2025-11-05"), ProductId=FIRST)
    settings = live(graph, tmp_path, shop(tmp_path / "s", users, orders, [bought]))
    for user, others in (("reader-0", 2), ("reader-1", 2), ("new-0", 3), ("ann-1", 2), ("bob-2", 2)):
        assert f"{others} people with the same year, make and model bought it" in everything(
            graph, settings, user, FIRST
        )
    for least in (2, 3, 4):
        rules = settings.recommend.model_copy(update={"min_people": least})
        config = reasons(graph, settings.model_copy(update={"recommend": rules}), FIRST)
        assert "new@shop.example" in config  # which parts make it into a row is the vectors' business
        others = {"new@shop.example": 3}
        popular = {who: reason == "Popular with Patriot owners" for who, reason in config.items()}
        assert popular == {who: others.get(who, 2) >= least for who in config}


def test_a_pair_counts_people_and_a_reader_who_bought_both_is_none_of_them(graph: Graph, tmp_path: Path) -> None:
    users = [*ids("ann", 3), *ids("bob", 2), *ids("reader", 1)]
    orders = [
        raw.order(sku, f"{name}@shop.example", date)
        for name in ("ann", "bob")
        for sku, date in ((FIRST, LONG_AGO), (THEN, LATER))
    ]
    looked = raw.event("reader-0", "Viewed Product", raw.at("2025-11-05"), ProductId=FIRST)
    settings = live(graph, tmp_path, shop(tmp_path / "s", users, orders, [looked]))
    pairs = {pair: row["count"] for pair, row in held(graph)["co_purchased"].items()}
    assert pairs == {(FIRST, THEN): 2}
    assert f"2 people bought it after {FIRST}, which this user viewed" in everything(
        graph, settings, "reader-0", THEN
    )
    assert f"1 person bought it after {FIRST}, which this user ordered" in everything(
        graph, settings, "ann-0", THEN
    )
    message = reasons(graph, settings, THEN)
    assert message.get("ann@shop.example", "") in {"", *FITS}


def test_owners_like_this_one_are_people(graph: Graph, tmp_path: Path) -> None:
    users = [*ids("ann", 3), *ids("bob", 2), *ids("reader", 2)]
    orders = [raw.order(FIRST, f"{name}@shop.example", LONG_AGO) for name in ("ann", "bob", "reader")]
    live(graph, tmp_path, shop(tmp_path / "s", users, orders))
    with graph.driver.session() as session:  # all alike, so that nobody is left out for a distant taste
        session.run("MATCH (u:User) REMOVE u.embedding").consume()
    rules = Recommend(exclude_days=30)
    (row,) = [r for r in strategies.for_user(graph, "owners", "reader-0", 5, rules).rows if r["sku"] == FIRST]
    assert row["reason"] == "2 owners like this one bought it, 2 with the same vehicle"


@pytest.mark.parametrize("buyers", [0, 1])
def test_every_ranker_exports_a_shop_that_hardly_anybody_buys_at(graph: Graph, tmp_path: Path, buyers: int) -> None:
    orders = [raw.order(FIRST, f"a{n}@shop.example", LONG_AGO) for n in range(buyers)]
    settings = live(graph, tmp_path, shop(tmp_path / "s", [*ids("a0", 1), *ids("b", 1)], orders))
    for ranker in RANKERS:
        done = export(graph, settings, tmp_path / f"{ranker}.parquet", moment(AS_OF), ranker=ranker)
        assert (done.owners, done.people) == (2, 0 if ranker == "baseline" else 2), ranker
