"""Baseline v5.18 scores what it always did: rule by rule, and random worlds against the row-by-row oracle."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holley_graph.baselines import v5_18
from holley_graph.loaders import contracts
from holley_graph.settings import Baseline, Settings
from tests.support import baseline as oracle
from tests.support.oracle import base_sku, eligible

DAY = 86_400
BOUNDARY = 1_756_684_800  # 2025-09-01
AS_OF = BOUNDARY + 60 * DAY
CAMARO, NOVA, MUSTANG = (1969, "CHEVROLET", "CAMARO"), (1970, "CHEVROLET", "NOVA"), (1966, "FORD", "MUSTANG")
FILLERS = ("Z1", "Z2", "Z3", "Z4")  # so that a vehicle has its four eligible products
TABLES = {
    clean_table.name: clean_table
    for clean_table in (contracts.USERS, contracts.FITMENT, contracts.ITEMS, contracts.EVENTS, contracts.ORDERS)
}


def user(name, vehicle=CAMARO, email=None):
    year, make, model = vehicle or (None, None, None)
    return {"user_id": name, "email": email or f"{name}@x.com", "year": year, "make": make, "model": model}


def line(email, sku, *at):
    return {"email": email, "sku": sku, "at": sorted(at), "last_at": max(at, default=AS_OF)}


def event(name, sku, *at, kind="ORDERED"):
    return {"user_id": name, "kind": kind, "sku": sku, "at": sorted(at), "count": len(at)}


def viewed(sku, price=100.0, image="https://x/1"):
    """A view by nobody we know: it gives the product its price and image."""
    return event("visitor", sku, BOUNDARY, kind="VIEWED") | {
        "price": price,
        "image_url": image,
        "image_at": BOUNDARY,
    }


def clean(users=(), orders=(), events=(), fits=None, items=None, images=None):
    """Clean tables; unless said otherwise every SKU is an eligible part that fits every vehicle."""
    named = {row["sku"] for row in (*orders, *events)}
    skus = sorted(named | {base_sku(sku) for sku in named} | set(FILLERS))
    vehicles = sorted({(u["year"], u["make"], u["model"]) for u in users if u["year"]} | {CAMARO})
    if fits is None:
        fits = [(sku, vehicle) for sku in skus for vehicle in vehicles]
    if items is None:
        items = [{"sku": sku, "part_type": "Carburetor", "refurbished": False} for sku in skus]
    rows = {
        "users": users,
        "fitment": [{"sku": sku, "year": y, "make": a, "model": o} for sku, (y, a, o) in fits],
        "items": items,
        "events": [*events, *(images if images is not None else map(viewed, skus))],
        "orders": orders,
    }
    return {f"clean_{name}": pa.Table.from_pylist(list(rows[name]), table.schema) for name, table in TABLES.items()}


def scored(tables, as_of=AS_OF, **rules):
    rows = v5_18.scores(tables, as_of, Settings(baseline=Baseline(**rules))).to_pylist()
    return {(r["vehicle_id"], r["sku"]): (r["score"], r["tier"], r["orders"]) for r in rows}


def of(vehicle, tables, as_of=AS_OF, **rules):
    key = "|".join(map(str, vehicle))
    return {sku: row for (v, sku), row in scored(tables, as_of, **rules).items() if v == key}


EARLY = BOUNDARY - 100 * DAY


def test_a_segment_with_five_kept_orders_scores_ten_times_the_logarithm_in_two_decimals():
    tables = clean(
        [user("u")], [line("u@x.com", "A1", *range(EARLY, EARLY + 3)), line("u@x.com", "B2", EARLY, EARLY)]
    )
    assert of(CAMARO, tables) == {"A1": (13.86, "segment", 3), "B2": (10.99, "segment", 2)}  # 13.8629, 10.9861


def test_a_segment_with_four_kept_orders_leaves_it_to_everybody():
    tables = clean([user("u")], [line("u@x.com", "A1", *[EARLY] * 4)])
    assert of(CAMARO, tables) == {"A1": (3.22, "global", 4)}  # 2 ln 5 = 3.2189


def test_a_single_order_of_a_pair_is_dropped_before_the_segment_is_counted():
    tables = clean([user("u")], [line("u@x.com", "A1", *[EARLY] * 4), line("u@x.com", "B2", EARLY)])
    assert of(CAMARO, tables) == {"A1": (3.22, "global", 4), "B2": (1.39, "global", 1)}


def test_a_make_speaks_for_a_segment_without_orders_from_twenty_on():
    tables = clean([user("u", NOVA), user("w")], [line("u@x.com", "A1", *[EARLY] * 20)])
    assert of(CAMARO, tables) == {"A1": (24.36, "make", 20)}  # 8 ln 21 = 24.3562
    fewer = clean([user("u", NOVA), user("w")], [line("u@x.com", "A1", *[EARLY] * 19)])
    assert of(CAMARO, fewer) == {"A1": (5.99, "global", 19)}


def test_a_make_sums_only_what_its_segments_kept():
    users = [user("u", NOVA), user("w"), user("x", (1970, "CHEVROLET", "VEGA"))]
    orders = [
        line("u@x.com", "A1", *[EARLY] * 20),
        line("w@x.com", "A1", EARLY),
        line("x@x.com", "A1", *[EARLY] * 2),
    ]
    assert of(CAMARO, clean(users, orders))["A1"] == (25.08, "make", 22)  # 8 ln 23: without the camaro's single one


def test_the_segment_is_make_and_model_whatever_the_year():
    tables = clean([user("u", (1985, "CHEVROLET", "CAMARO"))], [line("u@x.com", "A1", *[EARLY] * 5)])
    assert of(CAMARO, tables) == {"A1": (17.92, "segment", 5)}


def test_a_line_counts_for_each_user_of_its_address_in_the_segment_and_once_overall():
    users = [user("u", email="same@x.com"), user("w", email="same@x.com"), user("f", MUSTANG)]
    tables = clean(users, [line("same@x.com", "A1", *[EARLY] * 3)])
    assert of(CAMARO, tables) == {"A1": (19.46, "segment", 6)}  # 10 ln 7
    assert of(MUSTANG, tables) == {"A1": (2.77, "global", 3)}  # 2 ln 4


def test_orders_of_people_without_a_vehicle_count_nowhere():
    tables = clean(
        [user("u", None)], [line("u@x.com", "A1", *[EARLY] * 9), line("nobody@x.com", "A1", *[EARLY] * 9)]
    )
    assert scored(tables) == {}


def test_colours_count_under_their_base_and_find_nothing_of_it_themselves():
    tables = clean([user("u")], [line("u@x.com", "A1B", *[EARLY] * 5)])
    assert of(CAMARO, tables) == {"A1": (17.92, "segment", 5)}


def test_order_events_stand_overall_as_written_and_below_under_their_base():
    tables = clean([user("u")], events=[event("u", "A1B", *[BOUNDARY] * 5)])
    assert of(CAMARO, tables) == {"A1": (17.92, "segment", 5), "A1B": (3.58, "global", 5)}


def test_orders_in_a_tier_below_its_minimum_alone_score_nothing_but_stay():
    tables = clean([user("u"), user("f", MUSTANG)], events=[event("u", "A1B", *[BOUNDARY] * 3)])
    assert of(CAMARO, tables) == {"A1": (0.0, "none", 0), "A1B": (2.77, "global", 3)}
    assert of(MUSTANG, tables) == {"A1B": (2.77, "global", 3)}


def test_only_order_events_count_as_orders():
    seen = [event("u", "A1", *[BOUNDARY] * 9, kind=kind) for kind in ("VIEWED", "CARTED")]
    assert scored(clean([user("u")], events=seen)) == {}


def test_orders_before_2024_are_too_old():
    tables = clean([user("u")], [line("u@x.com", "A1", oracle.FROM - 1, *[oracle.FROM] * 5)])
    assert of(CAMARO, tables) == {"A1": (17.92, "segment", 5)}


def test_lines_past_the_boundary_count_nowhere():
    assert scored(clean([user("u")], [line("u@x.com", "A1")])) == {}


def test_an_earlier_time_knows_only_what_was_before_it():
    tables = clean([user("u")], [line("u@x.com", "A1", *range(EARLY, EARLY + 6))], [event("u", "A1", BOUNDARY)])
    assert of(CAMARO, tables, as_of=BOUNDARY + 1)["A1"][2] == 7
    assert of(CAMARO, tables, as_of=BOUNDARY)["A1"][2] == 6
    assert of(CAMARO, tables, as_of=EARLY + 5)["A1"][2] == 5
    assert of(CAMARO, tables, as_of=EARLY) == {}


def test_a_vehicle_counts_only_from_four_eligible_products_on():
    orders = [line("u@x.com", "A1", *[EARLY] * 5)]
    three = [(sku, CAMARO) for sku in ("A1", "Z1", "Z2")]
    assert scored(clean([user("u")], orders, fits=three)) == {}
    assert of(CAMARO, clean([user("u")], orders, fits=[*three, ("Z3", CAMARO)])) == {"A1": (17.92, "segment", 5)}


@pytest.mark.parametrize(
    ("part", "seen", "stays"),
    [
        ({}, {}, True),
        ({"refurbished": True}, {}, False),
        ({}, {"image": None}, False),
        ({}, {"price": 49.99}, False),
        ({}, {"price": None}, True),
        ({"part_type": "Head Gasket"}, {}, False),
        ({"part_type": "Engine Bolt Kit"}, {}, True),
        ({"part_type": "Radiator Cap"}, {}, False),
        ({"part_type": "Wheel Hub Cap"}, {}, True),
        ({"part_type": None}, {"price": 2999.0}, False),
        ({"part_type": None}, {"price": 3000.0}, True),
    ],
)
def test_only_eligible_products_are_candidates(part, seen, stays):
    plain = {"part_type": "Carburetor", "refurbished": False}
    items = [{"sku": "A1"} | plain | part, *({"sku": sku} | plain for sku in FILLERS)]
    images = [viewed("A1", **seen), *map(viewed, FILLERS)]
    tables = clean([user("u")], [line("u@x.com", "A1", *[EARLY] * 5)], items=items, images=images)
    assert ("A1" in of(CAMARO, tables)) is stays


def test_every_number_of_the_rules_is_a_setting():
    tables = clean([user("u"), user("w", NOVA)], [line("u@x.com", "A1", *[EARLY] * 4)])
    assert of(CAMARO, tables, min_segment=4, segment_weight=1)["A1"] == (1.61, "segment", 4)
    assert of(NOVA, tables, min_make=4, make_weight=3)["A1"] == (4.83, "make", 4)
    assert of(CAMARO, tables, min_pair=5, global_weight=1)["A1"] == (1.61, "global", 4)
    assert of(CAMARO, tables, min_products=6) == {}


@given(st.integers(1, 100_000), st.sampled_from([("segment", 10.0), ("make", 8.0), ("global", 2.0)]))
@settings(max_examples=10, deadline=None)
def test_scores_are_rounded_to_cents_and_halves_go_up(n, tier):
    name, weight = tier
    rows = {"segment": CAMARO, "make": NOVA, "global": MUSTANG}
    users = [user("u"), user("w", NOVA), user("f", MUSTANG)]
    tables = clean(users, [line("u@x.com", "A1", *[EARLY] * n)])
    least = {"min_segment": 0, "min_make": 0, "min_pair": 1}
    assert of(rows[name], tables, **least)["A1"] == (oracle.cents(weight * math.log(1 + n)), name, n)


SKUS = st.sampled_from(["A1", "A1B", "A1R", "B2", "B2G", "C3", "D-KIT", "E5P", *FILLERS])
VEHICLES = st.sampled_from([CAMARO, (1970, "CHEVROLET", "CAMARO"), NOVA, MUSTANG, None])
EMAILS = st.sampled_from(["a@x.com", "b@x.com", "c@x.com", "d@x.com"])
TIMES = st.lists(st.sampled_from([oracle.FROM - 1, oracle.FROM, EARLY, EARLY + DAY, BOUNDARY - DAY]), max_size=6)
LATER = st.lists(st.sampled_from([BOUNDARY, BOUNDARY + DAY, AS_OF - 1]), min_size=1, max_size=6)


@st.composite
def worlds(draw):
    users = [user(f"u{i}", draw(VEHICLES), draw(EMAILS)) for i in range(draw(st.integers(1, 6)))]
    pairs = draw(st.lists(st.tuples(EMAILS, SKUS), unique=True, max_size=12))
    orders = [line(email, sku, *draw(TIMES)) for email, sku in pairs]
    did = draw(st.lists(st.tuples(st.sampled_from(["u0", "u1", "u9"]), SKUS), unique=True, max_size=6))
    events = [
        event(name, sku, *draw(LATER), kind=draw(st.sampled_from(["ORDERED", "VIEWED"]))) for name, sku in did
    ]
    return users, orders, events, draw(st.sampled_from([EARLY, BOUNDARY, AS_OF])), draw(st.sampled_from([3, 20]))


@given(worlds())
@settings(max_examples=30, deadline=None)
def test_any_world_scores_as_the_oracle_does(world):
    users, orders, events, as_of, min_make = world
    tables = clean(users, orders, events)
    rows = {name.removeprefix("clean_"): table.to_pylist() for name, table in tables.items()}
    parts = {row["sku"]: row | {"price": 100.0, "image_url": "https://x/1"} for row in rows["items"]}
    expected = oracle.scores(rows, {sku for sku, part in parts.items() if eligible(part)}, as_of, min_make)
    scores = v5_18.scores(tables, as_of, Settings(baseline=Baseline(min_make=min_make))).to_pylist()
    assert {(r.pop("vehicle_id"), r.pop("sku")): r for r in scores} == expected


def test_an_empty_source_scores_nothing():
    tables = {f"clean_{name}": table.schema.empty_table() for name, table in TABLES.items()}
    assert v5_18.scores(tables, AS_OF, Settings()).num_rows == 0
