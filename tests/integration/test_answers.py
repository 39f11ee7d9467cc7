"""Answers: they fit, they are ranked by the run's own numbers, and whoever answers says so."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pytest

from holley_graph.embeddings.table import Tables
from holley_graph.embeddings.writeback import write_back
from holley_graph.errors import NotFound
from holley_graph.graph.client import Graph
from holley_graph.loaders import sync
from holley_graph.loaders.files import FilesSource
from holley_graph.recommend import answers
from holley_graph.recommend.explain import explain
from holley_graph.server.status import connect
from holley_graph.settings import Recommend, Settings
from holley_graph.simulator.generate import generate
from holley_graph.times import seconds
from tests.support import runs
from tests.support.held import Held, held
from tests.support.server import live_embedding, wipe
from tests.support.sources import home

AS_OF = seconds("2026-01-01")
YEAR_S = 365 * 86_400
RULES = Recommend()
HISTORY = ("viewed", "carted", "ordered")


@dataclass(frozen=True)
class Live:
    """A synced graph with a live release, and the same read into plain dictionaries."""

    graph: Graph
    held: Held
    tables: Tables
    fits: dict[str, set[str]] = field(default_factory=dict)
    owned: dict[str, str] = field(default_factory=dict)

    def product(self, sku: str) -> dict[str, Any]:
        return self.held["product"][sku,]

    def vector(self, table: str, key: str) -> np.ndarray | None:
        row = self.tables[table].find(np.array([key], object))[0]
        return None if row < 0 else self.tables[table].vectors[row].astype(float)

    def lift(self, vehicle: str, sku: str) -> float:
        pairs = self.tables.lift
        rows = (pairs.vehicles[pairs.vehicle] == vehicle) & (pairs.products[pairs.product] == sku)
        return float(pairs.value[rows].sum())

    def bought(self, user: str) -> set[str]:
        """Base SKUs that this person bought lately, under whatever id."""
        email = self.held["user"][user,].get("email_hash")
        people = {u for (u,), row in self.held["user"].items() if email and row.get("email_hash") == email} | {user}
        late = AS_OF - YEAR_S
        orders = self.held["ordered"].items()
        return {self.product(s)["base_sku"] for (u, s), row in orders if u in people and row["last_at"] >= late}

    @cached_property
    def done(self) -> dict[str, list[tuple[str, str, list[int]]]]:
        """What each user did with what, and when."""
        groups = defaultdict(list)
        for kind in HISTORY:
            for (user, sku), row in self.held[kind].items():
                groups[user].append((kind, sku, row.get("at") or []))
        return groups

    def own_history(self, user: str, sku: str) -> float:
        """What paths over what this user did add to a part."""
        strength = Counter[str]()
        for kind, other, times in self.done[user]:
            total = sum(2 ** ((at - AS_OF) / (20 * 86_400)) for at in times)
            same_type = self.product(other)["part_type"] == self.product(sku)["part_type"]
            same_part = self.product(other)["base_sku"] == self.product(sku)["base_sku"]
            strength["ordered type" if kind == "ordered" else "type"] += total * same_type
            strength["part"] += total * (same_part and kind != "ordered")
        weights = {"part": 0.7, "type": 0.3, "ordered type": -0.5}
        return sum(weight * math.log1p(6.0 * strength[name]) for name, weight in weights.items())

    def expected(self, user: str, k: int) -> list[tuple[str, float]]:
        """Rank by inner product, lift and paths of the run, one of a family, two of a type."""
        own, vehicle = self.vector("user", user), self.owned[user]
        query = self.vector("vehicle", vehicle) if own is None else own
        assert query is not None
        out = self.bought(user)
        scored = []
        for sku in self.fits.get(vehicle, ()):
            product, vector = self.product(sku), self.vector("product", sku)
            assert vector is not None
            if product["eligible"] and product["base_sku"] not in out:
                score = float(query @ vector) + self.lift(vehicle, sku) + self.own_history(user, sku)
                scored.append((-score, sku))
        families: set[str] = set()
        types: Counter[str] = Counter()
        best = []
        for score, sku in sorted(scored):
            product = self.product(sku)
            if product["display_key"] in families:
                continue
            families.add(product["display_key"])
            types[product["part_type"]] += 1
            if types[product["part_type"]] <= 2:
                best.append((sku, -score))
        return best[:k]


@pytest.fixture(scope="module")
def live(server: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("answers")
    source = generate(folder / "world", users=1_000, as_of=AS_OF).folder
    with connect(server) as graph:
        wipe(graph)
        sync.sync(FilesSource(source), graph, home(folder / "home"), as_of=AS_OF)
        contents = held(graph)
        tables = runs.draw(contents, 1)
        write_back(graph, runs.write(tables, folder / "r1"))
        made = Live(graph, contents, tables)
        for sku, vehicle in contents["fits"]:
            made.fits.setdefault(vehicle, set()).add(sku)
        made.owned.update(list(contents["owns"]))
        yield made


@contextmanager
def without(live: Live, label: str, key: str, values: list[str]) -> Iterator[None]:
    """Take vectors off nodes, as if they had come after the live release."""
    match, embedding = f"UNWIND $values AS value MATCH (n:{label} {{{key}: value}})", live_embedding(live.graph)
    with live.graph.driver.session() as session:
        session.run(f"{match} SET n.aside = n.{embedding} REMOVE n.{embedding}", values=values).consume()
        try:
            yield
        finally:
            session.run(f"{match} SET n.{embedding} = n.aside REMOVE n.aside", values=values).consume()


def choice(live: Live, user: str) -> int:
    return len([sku for sku in live.fits.get(live.owned[user], ()) if live.product(sku)["eligible"]])


@pytest.fixture(scope="module")
def cold(live: Live) -> str:
    """An owner without any history whose vehicle much fits."""
    active = {user for kind in HISTORY for user, _ in live.held[kind]}
    return max((u for u in live.owned if u not in active), key=lambda user: (choice(live, user), user))


@pytest.fixture(scope="module")
def warm(live: Live) -> str:
    """A buyer whose vehicle much fits."""
    return max((u for u, _ in live.held["ordered"] if u in live.owned), key=lambda user: (choice(live, user), user))


# ---- users -----------------------------------------------------------------------------------------------------


def test_every_answer_is_the_ranking_of_the_runs_own_numbers(live: Live) -> None:
    """Of every kind of owner: cold, with purchases, with views, with several ids of one email."""
    active = {user for kind in HISTORY for user, _ in live.held[kind]}
    emails = Counter(row.get("email_hash") for row in live.held["user"].values())
    shared = [u for u in live.owned if emails[live.held["user"][u,]["email_hash"]] > 1]
    visitors = [u for u in live.owned if any(user == u for user, _ in live.held["viewed"])]
    rest = sorted(live.owned)
    kinds = [rest[::9], sorted(active & live.owned.keys())[::5], visitors[:40], shared]
    assert all(kinds)
    answered = Counter[str]()
    for user in sorted(set().union(*kinds)):
        for k in (4, 30):
            answer = answers.for_user(live.graph, user, k, RULES)
            wanted = live.expected(user, k)
            assert [row["sku"] for row in answer.rows] == [sku for sku, _ in wanted], user
            np.testing.assert_allclose([row["score"] for row in answer.rows], [s for _, s in wanted], atol=1e-5)
            tier = "user" if user in active else "vehicle"
            assert {row["answered_by"] for row in answer.rows} <= {tier}
            assert answer.vehicle_id == live.owned[user]
            assert bool(answer.note) == (len(answer.rows) < k)
            answered[tier] += bool(answer.rows)
    assert min(answered["user"], answered["vehicle"]) > 20


def test_every_part_of_an_answer_fits_and_breaks_no_rule(live: Live) -> None:
    """Asked of the graph by statements of the test, not by the ranking that is tested."""
    fits = "MATCH (:User {user_id: $u})-[:OWNS]->(v:Vehicle) RETURN [(v)<-[:FITS]-(p) | p.sku]"
    lately = (
        "MATCH (u:User {user_id: $u}) MATCH (o:User)-[r:ORDERED]->(p:Product) "
        "WHERE (o = u OR o.email_hash = u.email_hash) AND r.last_at >= datetime('2025-01-01') RETURN p.base_sku"
    )
    buyers = [u for u, row in ((u, live.bought(u)) for u in sorted(live.owned)[::4]) if row]
    assert len(buyers) > 20
    with live.graph.driver.session() as session:
        for user in buyers:
            rows = answers.for_user(live.graph, user, 100, RULES).rows
            skus = [row["sku"] for row in rows]
            assert set(skus) <= set(session.run(fits, u=user).single(strict=True)[0])
            bought = set(session.run(lately, u=user).value())
            assert bought
            assert not bought & {live.product(sku)["base_sku"] for sku in skus}
            assert all(live.product(sku)["eligible"] for sku in skus)
            assert max(Counter(row["part_type"] for row in rows).values(), default=0) <= 2
            assert max(Counter(live.product(sku)["display_key"] for sku in skus).values(), default=0) <= 1


def test_what_was_bought_long_ago_may_be_recommended_again(live: Live) -> None:
    user = next(
        u for u in sorted(live.owned) if live.bought(u) & {live.product(s)["base_sku"] for s in fitting(live, u)}
    )
    bought = live.bought(user)
    everything = Recommend(exclude_days=0, per_part_type=100)
    bases = {live.product(r["sku"])["base_sku"] for r in answers.for_user(live.graph, user, 100, everything).rows}
    assert bought & bases
    limited = Recommend(exclude_days=365, per_part_type=100)
    assert not bought & {
        live.product(r["sku"])["base_sku"] for r in answers.for_user(live.graph, user, 100, limited).rows
    }


def fitting(live: Live, user: str) -> list[str]:
    return [sku for sku in live.fits.get(live.owned[user], ()) if live.product(sku)["eligible"]]


# ---- who answers -----------------------------------------------------------------------------------------------


def tiers(live: Live, user: str, k: int = 4) -> set[str]:
    rows = answers.for_user(live.graph, user, k, RULES).rows
    assert rows
    return {row["answered_by"] for row in rows}


def test_the_most_specific_vector_answers(live: Live, cold: str, warm: str) -> None:
    vehicle = live.owned[cold]
    _, make, model = vehicle.split("|")
    assert (tiers(live, warm), tiers(live, cold)) == ({"user"}, {"vehicle"})
    with without(live, "Vehicle", "vehicle_id", [vehicle]):
        assert tiers(live, cold) == {"segment"}
        assert {r["answered_by"] for r in answers.for_vehicle(live.graph, vehicle, 4, RULES).rows} == {"segment"}
        with without(live, "VehicleModel", "model_id", [f"{make}|{model}"]):
            assert tiers(live, cold) == {"make"}
            with without(live, "Make", "name", [make]):
                assert tiers(live, cold) == {"global"}
    assert tiers(live, cold) == {"vehicle"}


def test_a_product_without_a_vector_comes_after_the_others_by_its_buyers(live: Live, cold: str) -> None:
    types = Counter(live.product(sku)["part_type"] for sku in fitting(live, cold))
    fresh = [sku for sku, _ in live.expected(cold, 100) if types[live.product(sku)["part_type"]] == 1][:2]
    assert len(fresh) == 2  # the only ones of their types, so that no limit takes them out
    with without(live, "Product", "sku", fresh):
        rows = answers.for_user(live.graph, cold, 100, RULES).rows
    known, late = rows[: -len(fresh)], rows[-len(fresh) :]
    assert {row["answered_by"] for row in known} == {"vehicle"}
    assert {row["sku"] for row in late} <= set(fitting(live, cold))
    assert [(row["answered_by"], row["score"]) for row in late] == [("global", None)] * len(fresh)
    buyers = Counter(sku for _, sku in live.held["ordered"])
    counts = [buyers[row["sku"]] for row in late]
    assert counts == sorted(counts, reverse=True)


def test_before_the_first_release_popularity_answers(live: Live, cold: str) -> None:
    skus, vehicles = [s for (s,) in live.held["product"]], [v for (v,) in live.held["vehicle"]]
    with without(live, "Product", "sku", skus), without(live, "Vehicle", "vehicle_id", vehicles):
        rows = answers.for_vehicle(live.graph, live.owned[cold], 100, RULES).rows
    buyers = Counter(sku for _, sku in live.held["ordered"])
    assert [row["sku"] for row in rows] == sorted((r["sku"] for r in rows), key=lambda s: (-buyers[s], s))
    assert {row["answered_by"] for row in rows} == {"global"}


# ---- vehicles --------------------------------------------------------------------------------------------------


def test_a_vehicle_is_answered_like_its_cold_owner_however_it_is_written(live: Live, cold: str) -> None:
    vehicle = live.owned[cold]
    wanted = answers.for_user(live.graph, cold, 4, RULES)
    spellings = [vehicle, vehicle.replace("|", " "), f"  {vehicle.replace('|', '  ').lower()} "]
    assert all(answers.for_vehicle(live.graph, text, 4, RULES) == wanted for text in spellings)


def test_unknown_and_impossible_questions_get_one_clear_line(live: Live) -> None:
    nobody = next(u for (u,) in live.held["user"] if u not in live.owned)
    explanation = [
        (lambda: answers.for_user(live.graph, nobody, 4, RULES), "has no known vehicle"),
        (lambda: answers.for_user(live.graph, "no-such", 4, RULES), "no user 'no-such'"),
        (lambda: answers.for_vehicle(live.graph, "1999 NO SUCH", 4, RULES), "no vehicle '1999 NO SUCH'"),
        (lambda: answers.for_vehicle(live.graph, "camaro", 4, RULES), "no vehicle 'camaro'"),
        (lambda: answers.similar(live.graph, "NO-SUCH", 4, RULES), "no SKU 'NO-SUCH'"),
        (lambda: explain(live.graph, "no-such", "NO-SUCH", RULES), "no user 'no-such'"),
        (lambda: explain(live.graph, nobody, "NO-SUCH", RULES), "no SKU 'NO-SUCH'"),
    ]
    for ask, message in explanation:
        with pytest.raises(NotFound, match=message) as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_a_short_answer_says_why(live: Live, cold: str) -> None:
    assert answers.for_user(live.graph, cold, 1, RULES).note == ""
    long = answers.for_user(live.graph, cold, 100, RULES)
    assert long.note.startswith(f"{choice(live, cold)} eligible parts fit {live.owned[cold]}")
    assert long.note.endswith(f"leave {len(long.rows)}")
    bare = next(v for (v,) in sorted(live.held["vehicle"]) if not live.fits.get(v))
    empty = answers.for_vehicle(live.graph, bare, 4, RULES)
    assert (empty.rows, empty.note) == ([], f"no eligible part fits {bare}")


# ---- similar ---------------------------------------------------------------------------------------------------


def substitutes(live: Live, sku: str) -> list[tuple[str, float]]:
    """Rank what could take the place of a part by what `docs/answers.md` says, one of a family."""
    vehicles = {vehicle for vehicle, skus in live.fits.items() if sku in skus}
    viewers = Counter(product for _, product in live.held["viewed"])
    scored = []
    for other in set().union(*(live.fits[vehicle] for vehicle in vehicles)):
        product = live.product(other)
        same = product["part_type"] == live.product(sku)["part_type"]
        if same and product["eligible"] and product["display_key"] != live.product(sku)["display_key"]:
            fits = [vehicle for vehicle, skus in live.fits.items() if other in skus]
            pair = live.held["co_viewed"].get((min(sku, other), max(sku, other)), {"count": 0})
            expected = 0.05 * len(vehicles.intersection(fits)) / len(fits) * (viewers[other] + 1)
            scored.append((-pair["count"] - expected, other, product["display_key"]))
    families: dict[str, tuple[str, float]] = {}
    for score, other, family in sorted(scored):
        families.setdefault(family, (other, -score))
    return list(families.values())


def test_similar_parts_have_the_same_type_fit_what_the_part_fits_and_are_viewed_with_it(live: Live) -> None:
    families = Counter(row["display_key"] for row in live.held["product"].values())
    coloured = [s for (s,), row in sorted(live.held["product"].items()) if families[row["display_key"]] > 1]
    fitting = sorted(set().union(*live.fits.values()))
    viewed = [sku for pair in sorted(live.held["co_viewed"])[::15] for sku in pair]
    answered = together = 0
    for sku in dict.fromkeys([*coloured[:20], *fitting[::30], *viewed]):
        wanted = substitutes(live, sku)[:5]
        if not wanted or live.product(sku)["part_type"] == "UNKNOWN":
            continue
        rows = answers.similar(live.graph, sku.lower(), 5, RULES)
        assert [row["sku"] for row in rows] == [other for other, _ in wanted]
        np.testing.assert_allclose([row["score"] for row in rows], [score for _, score in wanted], atol=1e-9)
        vehicles = {vehicle for vehicle, skus in live.fits.items() if sku in skus}
        for row in rows:
            both = sum(row["sku"] in live.fits[vehicle] for vehicle in vehicles)
            assert row["shared_vehicles"] == both > 0
            assert row["reason"].startswith(f"fits {both} of its {len(vehicles)} vehicles")
            assert ("viewed with it" in row["reason"]) == (row["sessions"] > 0)
            together += row["sessions"] > 0
        answered += 1
    assert answered > 20 and together > 5


def test_a_part_without_a_substitute_says_why(live: Live) -> None:
    alone = next(sku for sku in sorted(set().union(*live.fits.values())) if not substitutes(live, sku))
    kind = live.product(alone)["part_type"]
    with pytest.raises(
        NotFound, match=f"no other eligible part of type {kind} fits a vehicle that {alone} fits"
    ) as message:
        answers.similar(live.graph, alone, 4, RULES)
    assert message.value.hint == f"holley-graph next --sku {alone}"


def test_a_part_that_came_after_the_release_has_substitutes_at_once(live: Live, cold: str) -> None:
    sku = next(sku for sku in fitting(live, cold) if substitutes(live, sku))
    rows = answers.similar(live.graph, sku, 4, RULES)
    with without(live, "Product", "sku", [sku]):
        assert answers.similar(live.graph, sku, 4, RULES) == rows


# ---- explain ---------------------------------------------------------------------------------------------------


def test_what_is_recommended_is_explained_by_its_path_and_score(live: Live, warm: str) -> None:
    for row in answers.for_user(live.graph, warm, 10, RULES).rows:
        explanation = explain(live.graph, warm, row["sku"], RULES)
        assert explanation.rules_out == []
        assert explanation.path == f"({warm})-[:OWNS]->({live.owned[warm]})<-[:FITS]-({row['sku']})"
        assert explanation.facts["score"] == pytest.approx(row["score"], abs=1e-5)
        assert explanation.facts["answered_by"] == row["answered_by"]
        assert explanation.speaks_for[0] == f"fits the {live.owned[warm].replace('|', ' ')}"


def test_what_rules_a_part_out_is_named(live: Live, warm: str) -> None:
    vehicle = live.owned[warm]
    stranger = next(
        s for (s,), row in live.held["product"].items() if s not in live.fits[vehicle] and row["eligible"]
    )
    explanation = explain(live.graph, warm, stranger, RULES)
    assert (explanation.path, explanation.rules_out) == ("", [f"does not fit the {vehicle.replace('|', ' ')}"])

    user, sku = next((u, s) for u, s in live.held["ordered"] if u in live.owned and s in fitting(live, u)
                     and live.product(s)["base_sku"] in live.bought(u))  # fmt: skip
    assert any(f"{sku} was bought on 2025" in line for line in explain(live.graph, user, sku, RULES).rules_out)

    user, sku = next((u, s) for u in sorted(live.owned) for s in sorted(live.fits.get(live.owned[u], ()))
                     if not live.product(s)["eligible"])  # fmt: skip
    lines = explain(live.graph, user, sku, RULES).rules_out
    assert any(line == "is refurbished" or line.startswith("is not eligible") for line in lines)

    nobody = next(u for (u,) in live.held["user"] if u not in live.owned)
    assert explain(live.graph, nobody, stranger, RULES).rules_out == [f"user {nobody} has no known vehicle"]


def test_a_co_purchase_that_leads_to_a_part_speaks_for_it(live: Live) -> None:
    pairs = live.held["co_purchased"]
    user, first, then = next(
        (u, a, b)
        for (a, b) in pairs
        for u, s in live.held["ordered"]
        if s == a and (u, b) not in live.held["ordered"]
    )
    explanation = explain(live.graph, user, then, RULES)
    led = {row["sku"]: (row["buyers"], row["how"]) for row in explanation.facts["led_here"]}
    ordered = {a for u, a in live.held["ordered"] if u == user}
    assert led
    assert all(count == pairs[sku, then]["count"] for sku, (count, _) in led.items())
    if len([a for a in ordered if (a, then) in pairs]) <= 5:
        assert first in led
    assert any("bought it after" in line for line in explanation.speaks_for)
