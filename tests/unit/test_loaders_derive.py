"""Co-purchase and co-view against brute force, with text and with numbers as identifiers."""

import random

import pyarrow as pa
import pytest

from holley_graph.loaders import derive
from holley_graph.loaders.engine.engine import Engine
from tests.support import oracle


def table(rng, name, who="user_id"):
    rows = {}
    for _ in range(150):
        user, sku = rng.randrange(12), rng.randrange(9)
        rows[user, sku] = sorted(rng.randrange(0, 400) * 600 for _ in range(rng.randrange(4)))
    return pa.table(
        {
            who: [name(user) for user, _ in rows],
            "sku": [name(sku) for _, sku in rows],
            "at": pa.array(rows.values(), pa.list_(pa.int64())),
        }
    )


def co_purchased(ordered, max_skus):
    with Engine() as engine:
        return derive.co_purchased(engine, ordered, max_skus)


def co_viewed(viewed, gap_minutes, max_skus):
    with Engine() as engine:
        return derive.co_viewed(engine, viewed, gap_minutes, max_skus)


def by_pair(rows):
    return {(row["sku"], row["other_sku"]): row for row in rows}


def agree(pairs, expected):
    pairs, expected = by_pair(pairs.to_pylist()), by_pair(expected)
    assert list(pairs) == sorted(expected)
    for pair, row in expected.items():
        assert pairs[pair] == row | {"weight": pytest.approx(row["weight"])}


@pytest.mark.parametrize("name", [int, "id {:02d}".format], ids=["numbers", "text"])
@pytest.mark.parametrize("max_skus", [100, 6])
def test_co_purchases_are_those_of_brute_force(name, max_skus):
    ordered = table(random.Random(max_skus), name, "person")
    agree(co_purchased(ordered, max_skus), oracle.co_purchased(ordered.to_pylist(), max_skus))


@pytest.mark.parametrize("name", [int, "id {:02d}".format], ids=["numbers", "text"])
@pytest.mark.parametrize("max_skus", [50, 3])
def test_co_views_are_those_of_brute_force(name, max_skus):
    viewed = table(random.Random(max_skus), name)
    agree(co_viewed(viewed, 30, max_skus), oracle.co_viewed(viewed.to_pylist(), 1800, max_skus))


def purchases(*rows, who="person"):
    people, skus, times = zip(*rows, strict=True)
    return pa.table({who: people, "sku": skus, "at": pa.array(times, pa.list_(pa.int64()))})


def test_a_pair_is_directed_by_first_purchase_and_bought_together_counts_both_ways():
    pairs = co_purchased(purchases(("u", "A", [1, 9]), ("u", "B", [5]), ("v", "A", [3]), ("v", "B", [3])), 100)
    assert [(row["sku"], row["other_sku"], row["count"], row["last_at"]) for row in pairs.to_pylist()] == [
        ("A", "B", 2, 5),
        ("B", "A", 1, 3),
    ]


def test_two_ids_of_one_address_are_one_person_who_bought_once():
    users = pa.table({"user_id": ["a1", "a2", "b", "c"], "email_hash": ["A", "A", None, "C"]})
    rows = [("a1", "X", [5]), ("a2", "X", [3]), ("a2", "Y", [4]), ("b", "X", [1]), ("b", "Y", [9])]
    ordered = purchases(*rows, who="user_id")
    ordered = ordered.append_column("person", derive.people(ordered["user_id"], users))
    assert ordered["person"].to_pylist() == ["A", "A", "A", "b", "b"]
    records = co_purchased(ordered, 100).to_pylist()
    assert [(row["sku"], row["other_sku"], row["count"], row["last_at"]) for row in records] == [("X", "Y", 2, 9)]


def test_a_relationship_without_counted_times_teaches_nothing():
    assert co_purchased(purchases(("u", "A", []), ("u", "B", [5])), 100).num_rows == 0


def test_a_pause_longer_than_the_gap_ends_a_session():
    views = purchases(("u", "A", [0]), ("u", "B", [1800]), ("u", "C", [3601]), who="user_id")
    assert [(row["sku"], row["other_sku"]) for row in co_viewed(views, 30, 50).to_pylist()] == [("A", "B")]
