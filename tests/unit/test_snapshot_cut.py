"""A cut of a snapshot knows what was known then, and nothing that came later changes it."""

import itertools
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holley_graph.errors import SettingsError
from holley_graph.snapshot.snapshot import ORDERED, VIEWED, Snapshot
from tests.support import planted
from tests.support.snapshots import assert_equal

DAY, AS_OF = planted.DAY, planted.AS_OF
ORDER = [("user", "ascending"), ("at", "ascending"), ("kind", "ascending"), ("product", "ascending")]
WORLD = planted.world(users=60).snapshot
DERIVED = ("co_purchased", "co_viewed")
cuts = st.integers(planted.AS_OF - 365 * DAY, planted.AS_OF)


def with_event(snapshot: Snapshot, user: int, product: int, kind: int, at: int) -> Snapshot:
    """Plant one event, and what it says of purchases."""
    row = pa.table({"user": [user], "product": [product], "kind": pa.array([kind], pa.int8()), "at": [at]})
    events = pa.concat_tables([snapshot.events, row]).sort_by(ORDER)
    if kind != ORDERED:
        return replace(snapshot, events=events)
    later = pa.table({"user": [user], "product": [product], "last_at": [at]})
    latest = pa.concat_tables([snapshot.bought, later]).group_by(["user", "product"], use_threads=False)
    bought = latest.aggregate([("last_at", "max")]).rename_columns(["user", "product", "last_at"])
    return replace(
        snapshot, events=events, bought=bought.sort_by([("user", "ascending"), ("product", "ascending")])
    )


@settings(max_examples=25, deadline=None)
@given(cuts)
def test_a_cut_keeps_exactly_what_was_strictly_before(cut: int) -> None:
    past = WORLD.before(cut)
    wanted = [row for row in WORLD.events.to_pylist() if row["at"] < cut]
    assert past.events.to_pylist() == wanted
    latest: dict[tuple[int, int], int] = {}
    for row in wanted:
        if row["kind"] == ORDERED:
            latest[row["user"], row["product"]] = row["at"]
    assert {(r["user"], r["product"]): r["last_at"] for r in past.bought.to_pylist()} == latest


@settings(max_examples=25, deadline=None)
@given(cuts, cuts)
def test_a_cut_of_a_cut_is_the_cut(first: int, second: int) -> None:
    late, early = max(first, second), min(first, second)
    assert_equal(WORLD.before(late).before(early), WORLD.before(early))


@settings(max_examples=15, deadline=None)
@given(cuts, st.integers(0, 59), st.integers(0, 299), st.sampled_from([VIEWED, ORDERED]), st.integers(0, 40 * DAY))
def test_an_event_after_the_cut_changes_nothing_before_it(
    cut: int, user: int, product: int, kind: int, later: int
) -> None:
    planted_ = with_event(WORLD, user, product, kind, cut + later)
    actual, expected = planted_.before(cut), WORLD.before(cut)
    assert_equal(actual, expected)
    assert all(getattr(actual, name).equals(getattr(expected, name)) for name in DERIVED)


def test_a_price_that_was_seen_later_tells_a_cut_nothing() -> None:
    row = WORLD.products.schema.get_field_index("price")
    dearer = WORLD.products.set_column(row, "price", pa.array(np.arange(WORLD.products.num_rows, dtype=float)))
    assert_equal(replace(WORLD, products=dearer).before(AS_OF - 1), WORLD.before(AS_OF - 1))
    assert WORLD.before(AS_OF - 1).products["price"].null_count == WORLD.products.num_rows
    assert WORLD.before(AS_OF).products["price"].null_count == 0


def test_an_event_before_the_cut_does_change_it() -> None:
    at = planted.AS_OF - 10 * DAY
    buyer = int(WORLD.event("user")[WORLD.event("kind") == ORDERED][0])
    more = with_event(WORLD, buyer, 299, ORDERED, at)
    assert not more.before(at + 1).events.equals(WORLD.before(at + 1).events)
    assert not more.before(at + 1).co_purchased.equals(WORLD.before(at + 1).co_purchased)
    assert_equal(more.before(at), WORLD.before(at))


def test_a_later_line_past_the_boundary_is_a_purchase_until_the_cut() -> None:
    at = planted.AS_OF - 5 * DAY
    line = pa.table({"user": [0], "product": [299], "last_at": [at]})
    more = replace(WORLD, bought=pa.concat_tables([WORLD.bought, line]).sort_by("user"))
    known = {(row["user"], row["product"]): row["last_at"] for row in more.before(at + 1).bought.to_pylist()}
    assert known[0, 299] == at
    assert (0, 299) not in {(r["user"], r["product"]) for r in more.before(at).bought.to_pylist()}


def test_nothing_is_known_after_as_of() -> None:
    assert_equal(WORLD.before(WORLD.as_of), WORLD)
    with pytest.raises(SettingsError, match="the snapshot ends at 2"):
        WORLD.before(WORLD.as_of + 1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, WORLD.vehicles.num_rows - 1), max_size=8))
def test_fitting_lists_are_laid_end_to_end(vehicles: list[int]) -> None:
    cells, offsets = WORLD.fitting(np.array(vehicles, np.int64))
    wanted = [WORLD.fits[WORLD.fits[:, 0] == vehicle, 1].tolist() for vehicle in vehicles]
    lists = [WORLD.fits[cells[a:b], 1].tolist() for a, b in itertools.pairwise(offsets)]
    assert lists == wanted
