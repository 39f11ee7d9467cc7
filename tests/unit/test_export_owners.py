"""What a block of an audience says of its owners, and what marketing's rules say of parts, beside loops."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.errors import SettingsError
from holley_graph.export.audience import Block
from holley_graph.export.catalogue import Catalogue
from holley_graph.export.marked import Marks
from holley_graph.export.owners import DID, MONTHS, Owners, choice, chosen_of, month_of
from holley_graph.rules.text import Rule
from holley_graph.times import DAY

AS_OF = 20_000 * DAY
SKUS = ["A", "A-R", "B", "C", "D", "E"]
SHOP = Catalogue(
    products=pa.table(
        {
            "sku": SKUS,
            "base_sku": ["A", "A", "B", "C", "D", "E"],
            "display_key": ["A", "A", "B", "C", "D", "E"],
            "part_type": ["Cap", "Cap", "Cap", "Rotor", "Rotor", "Coil"],
            "brand": ["Ironpeak", "Ironpeak", None, "Redbarn", "Redbarn", "Ironpeak"],
            "price": [10.0, 20.0, 30.0, 40.0, None, 60.0],
            "eligible": [True] * 6,
        }
    ),
    vehicles=pa.table({"vehicle_id": ["1967|FORD|MUSTANG", "1970|DODGE|DART"], "make": ["FORD", "DODGE"]}),
    fitment=pa.table({"sku": SKUS * 2, "vehicle_id": ["1967|FORD|MUSTANG"] * 6 + ["1970|DODGE|DART"] * 6}),
    co_purchased=pa.table({}),
    bought=pa.table({}),
)


def block() -> Block:
    """The last two people of an audience: one with two ids, one with one; the first row is the seventh."""
    return Block(
        owners=pa.table(
            {
                "person": [4, 4, 5],
                "row": [6, 7, 8],
                "user_id": ["u1", "u2", "u3"],
                "email": ["a@x", "a@x", "b@x"],
                "engagement_tier": ["hot", "cold", "cold"],
                "vehicle_id": ["1967|FORD|MUSTANG", "1967|FORD|MUSTANG", "1970|DODGE|DART"],
                "vector": [3, -1, -1],
            }
        ),
        purchases=pa.table(
            {
                "person": [4, 4, 5, 5],
                "sku": ["A-R", "B", "GONE", "C"],
                "base_sku": ["A", "B", "GONE", "C"],
                "lately": [True, False, True, True],
            }
        ),
        chosen=pa.table(
            {
                "row": [6, 6, 8, 8],
                "sku": ["A", "B", "GONE", "C"],
                "did": ["viewed", "ordered", "carted", "carted"],
                "at": pa.array([[AS_OF - 10 * DAY, AS_OF - 30 * DAY], [AS_OF - 20 * DAY], [AS_OF], [AS_OF - 1]]),
                "last_at": [AS_OF - 10 * DAY, AS_OF - 20 * DAY, AS_OF, AS_OF - 1],
            }
        ),
    )


OWNERS = Owners.of(block(), SHOP, AS_OF, half_life_days=10.0)


def lists(ragged: Any) -> list[list[int]]:
    return [ragged[row].tolist() for row in range(len(ragged))]


def test_what_a_person_bought_counts_under_each_of_their_ids_and_lately_in_every_colour() -> None:
    bases = SHOP.bases.to_pylist()
    assert [[bases[base] for base in bought] for bought in lists(OWNERS.bought)] == [["A"], ["A"], ["C"]]
    assert [[SKUS[part] for part in ever] for ever in lists(OWNERS.ever)] == [["A-R", "B"], ["A-R", "B"], ["C"]]


def test_a_part_that_was_ever_bought_is_known_for_every_id_of_the_person() -> None:
    pairs = [(owner, part) for owner in range(3) for part in range(6)]
    owner, part = np.array(pairs).T
    wanted = [SKUS[p] in {0: "A-R B", 1: "A-R B", 2: "C"}[o].split() for o, p in pairs]
    assert OWNERS.has_bought(owner, part, 6).tolist() == wanted


def test_what_was_done_under_an_id_is_its_own_and_says_part_kind_and_month() -> None:
    done = [[chosen_of(np.array(number)) for number in row] for row in lists(OWNERS.chosen)]
    month = month_of(np.array([AS_OF]))[0]
    named = [sorted((SKUS[p], DID[d], int(m - month)) for p, d, m in row) for row in done]
    assert named == [[("A", "viewed", -1), ("B", "ordered", -1)], [], [("C", "carted", 0)]]


def test_paths_start_at_every_event_and_halve_with_each_half_life() -> None:
    assert OWNERS.reached is not None
    same_part, same_type, ordered, same_sku = OWNERS.reached.strengths(np.array([0]), np.array([0]))[0]
    views = 0.5**1 + 0.5**3
    assert (same_part, same_sku) == (pytest.approx(views), pytest.approx(views))
    assert same_type == pytest.approx(views)
    assert ordered == pytest.approx(0.5**2)  # B is of the part type of A
    assert OWNERS.reached.strengths(np.array([1]), np.array([0])).sum() == 0  # the other id did nothing


def test_of_nobody_nothing_is_known() -> None:
    nobody = Owners.nobody(1)
    assert (len(nobody), nobody.vehicle.tolist(), nobody.vector.tolist()) == (1, [1], [-1])
    assert lists(nobody.bought) == lists(nobody.ever) == lists(nobody.chosen) == [[]]
    assert not nobody.has_bought(np.array([0]), np.array([0]), 6).any()


@given(st.integers(0, 10**6), st.integers(0, len(DID) - 1), st.integers(0, MONTHS - 1))
def test_a_choice_is_taken_apart_into_what_it_was_made_of(product: int, did: int, month: int) -> None:
    number = choice(np.array(product), np.array(did), np.array(month))
    assert tuple(int(part) for part in chosen_of(number)) == (product, did, month)


@given(st.integers(0, 4 * 10**9))
def test_a_month_is_the_one_of_the_calendar(seconds: int) -> None:
    day = datetime.fromtimestamp(seconds, UTC)
    assert month_of(np.array([seconds]))[0] == 12 * day.year + day.month - 1


def about(rule: Rule) -> list[str]:
    return [SKUS[part] for part in np.flatnonzero(Marks([rule], SHOP).parts[0])]


@pytest.mark.parametrize(
    ("conditions", "parts"),
    [
        ({"sku": ("A", "D")}, ["A", "D"]),
        ({"brand": ("ironpeak",)}, ["A", "A-R", "E"]),
        ({"part_type": ("rotor", "coil")}, ["C", "D", "E"]),
        ({"brand": ("ironpeak",), "part_type": ("cap",)}, ["A", "A-R"]),
        ({"price_from": 30.0}, ["B", "C", "E"]),
        ({"price_below": 30.0}, ["A", "A-R"]),
        ({"price_from": 20.0, "price_below": 40.0}, ["A-R", "B"]),
        ({}, SKUS),
    ],
)
def test_a_rule_speaks_about_parts_for_which_every_condition_holds(
    conditions: dict[str, Any], parts: list[str]
) -> None:
    """A price that nobody knows meets no condition on prices."""
    assert about(Rule("r", "exclude", **conditions)) == parts


def test_a_rule_for_a_make_says_nothing_at_another() -> None:
    rule = Rule("r", "bury", make=("FORD",), brand=("redbarn",))
    marks = Marks([Rule("other", "bury", vehicle=("1970 DODGE DART",)), rule], SHOP)
    marked = marks.at(0)
    assert marked is not None
    assert (marked.number.tolist(), [r.name for r in marked.rules]) == ([1], ["r"])
    assert marked.of("bury").tolist() == [False, False, False, True, True, False]
    assert not marked.of("exclude").any()
    assert Marks([rule], SHOP).at(1) is None
    assert Marks([], SHOP).at(0) is None


def test_boosts_of_one_part_add_up() -> None:
    rules = [Rule("twice", "boost", times=2.0, brand=("ironpeak",)), Rule("thrice", "boost", times=3.0, sku=("A",))]
    marked = Marks(rules, SHOP).at(0)
    assert marked is not None
    assert np.exp(marked.adds).tolist() == pytest.approx([6, 2, 1, 1, 1, 2])


def test_a_keep_holds_its_best_parts_one_of_a_family_and_a_pin_pins_them() -> None:
    rules = [Rule("keep", "keep", slots=2, brand=("ironpeak",)), Rule("pin", "pin", sku=("C",))]
    marked = Marks(rules, SHOP).at(0)
    assert marked is not None
    order = np.array([[1.0, 5.0, 9.0, 2.0, 8.0, 3.0], [7.0, 5.0, 9.0, -np.inf, 8.0, -np.inf]])
    held, pinned = marked.held(order, SHOP.family, 4)
    parts = [[[SKUS[p] for p in np.flatnonzero(row)] for row in rule] for rule in held]
    assert parts == [[["A-R", "E"], ["A"]], [["C"], []]]
    assert [[SKUS[p] for p in np.flatnonzero(row)] for row in pinned] == [["C"], []]
    assert marked.spoken(held)[0].tolist() == [-1, 0, -1, 1, -1, 0]


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ({"brand": ("ironpeek",)}, "no brand 'ironpeek'"),
        ({"part_type": ("caps",)}, "no part type 'caps'"),
        ({"make": ("FROD",)}, "no make 'FROD'"),
        ({"sku": ("A-B",)}, "no sku 'A-B'"),
    ],
)
def test_a_name_that_the_shop_does_not_have_is_refused_with_the_nearest(
    conditions: dict[str, Any], says: str
) -> None:
    with pytest.raises(SettingsError, match=says) as error:
        Marks([Rule("r", "exclude", **conditions)], SHOP)
    assert str(error.value.hint).startswith("did you mean ")
