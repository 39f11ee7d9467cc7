"""Events without repetitions beside sets, bins beside whole days, and what is counted over time beside loops."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.counting import events, trend, utility
from holley_graph.counting.leave_one_out import left_out
from holley_graph.counting.trend import Process, Trend
from holley_graph.snapshot.snapshot import CARTED, ORDERED, VIEWED, Snapshot
from tests.support import planted

SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
KNOWN = (Process(0.1, 60.0), Process(0.1, 60.0))
DAY = planted.DAY


def having(rows: list[tuple[int, int, int, int]]) -> Snapshot:
    """Events of user, product, kind and days ago."""
    user, product, kind, ago = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    columns = {"user": user, "product": product, "kind": kind, "at": SMALL.as_of - 1 - ago * DAY}
    table = pa.table(columns).cast(SMALL.events.schema).sort_by([("user", "ascending"), ("at", "ascending")])
    return replace(SMALL, events=table)


rows_of_events = st.lists(
    st.tuples(st.integers(0, 59), st.integers(0, 299), st.integers(0, 2), st.integers(0, 200)),
    min_size=1,
    max_size=40,
)


@given(rows_of_events)
def test_a_person_counts_once_for_a_product_a_kind_and_a_bin(rows: list[tuple[int, int, int, int]]) -> None:
    counted = events.distinct(having(rows), (1.0, 2.0, 3.0))
    wanted = {(user, product, kind, ago // 15) for user, product, kind, ago in rows}
    actual = zip(counted.user, counted.product, counted.weight - 1, counted.bin, strict=True)
    assert sorted(tuple(map(int, row)) for row in actual) == sorted(wanted)
    fitting = {(int(v), int(p)): row for row, (v, p) in enumerate(SMALL.fits)}
    vehicles = [(int(SMALL.user_vehicle[u]), int(p)) for u, p in zip(counted.user, counted.product, strict=True)]
    assert counted.fitment.tolist() == [fitting.get(pair, -1) for pair in vehicles]


def test_a_bin_ends_right_before_the_next_begins() -> None:
    as_of, length = 100 * DAY, 15 * DAY
    at = np.array([as_of - 1, as_of - length, as_of - length - 1, as_of - 2 * length, as_of - 2 * length - 1])
    assert events.bins(at, as_of).tolist() == [0, 0, 1, 1, 2]


def test_the_trend_reaches_back_to_the_first_view_or_cart_and_not_to_the_first_order() -> None:
    assert events.trend_bins(having([(0, 0, ORDERED, 170), (0, 0, VIEWED, 40), (0, 1, CARTED, 50)])) == 4
    assert events.trend_bins(having([(0, 0, ORDERED, 170)])) == 0


def counted_over_time(snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray]:
    """[bins, products] what the trend is told to follow, and what was expected of it; oldest first."""
    caught = []
    follow = trend.fit

    def fit(counts: np.ndarray, expected: np.ndarray, *rest: object) -> Trend:
        caught.append((counts, expected))
        return follow(counts, expected, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(trend, "fit", fit)
    utility.count(snapshot, processes=KNOWN)
    return caught[0]


def test_the_trend_counts_every_event_once_in_its_bin(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, _ = counted_over_time(SMALL, monkeypatch)
    once = {
        (int((SMALL.as_of - 1 - at) // (15 * DAY)), int(product), int(user), int(kind))
        for user, product, kind, at in zip(*map(SMALL.event, ("user", "product", "kind", "at")), strict=True)
    }
    totals = Counter[tuple[int, int]]()
    for age, product, _, kind in once:
        totals[age, product] += events.KIND_WEIGHTS[kind]
    for (age, product), weight in totals.items():
        if age < len(counts):
            assert counts[len(counts) - 1 - age, product] == pytest.approx(weight)
    assert counts.sum() == pytest.approx(sum(w for (age, _), w in totals.items() if age < len(counts)))


def test_as_much_is_expected_of_a_bin_as_was_counted_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, expected = counted_over_time(SMALL, monkeypatch)
    np.testing.assert_allclose(expected.sum(1), counts.sum(1))
    assert (expected >= 0).all()


def test_log_utility_at_a_time_is_the_effects_and_the_path_of_its_bin() -> None:
    counted = utility.count(SMALL, processes=KNOWN)
    bins = len(counted.trend.path)
    fitment, when = np.array([0, 5, 5, 9]), np.array([0, bins - 1, 3, bins])
    product = SMALL.fits[fitment, 1]
    wanted = counted.effects.summed()[fitment]
    for row in range(3):
        wanted[row] += counted.trend.path[bins - 1 - when[row], product[row]]
    np.testing.assert_allclose(counted.at(fitment, when), wanted)


def test_a_vehicle_of_an_unknown_make_has_what_everybody_and_its_decade_say() -> None:
    """Its make and model tell nothing; the levels of its era still do."""
    counted = utility.count(SMALL, processes=KNOWN)
    vehicles = SMALL.vehicles
    for name in ("make", "model"):
        place = vehicles.schema.get_field_index(name)
        vehicles = vehicles.set_column(place, name, pa.array(["NEW"] * vehicles.num_rows))
    popularity, lift = counted.utility.apply(replace(SMALL, vehicles=vehicles))
    np.testing.assert_allclose(popularity, counted.popularity)
    of_eras = [
        log[cells.rows]
        for (vehicle, _), cells, log in zip(
            utility.levels.PAIRS, counted.effects.cells, counted.effects.log, strict=True
        )
        if vehicle == "era"
    ]
    np.testing.assert_allclose(lift, np.sum(of_eras, axis=0), atol=1e-12)


def test_leaving_a_person_out_is_nearly_counting_without_them() -> None:
    """Effects fitted anew to everybody else's choices, with the strengths of before."""
    world = planted.world(users=600, makes=2, models=2).snapshot
    counted = utility.count(world, processes=KNOWN)
    own = counted.events.fitment >= 0
    user = int(np.bincount(counted.events.user[own]).argmax())
    rest = replace(world, events=world.events.filter(pa.array(world.event("user") != user)))
    cells, _ = world.fitting(world.user_vehicle[[user]])
    change = left_out(world, counted, np.full(len(cells), user), cells)
    anew = utility.count(rest, processes=KNOWN).effects.summed()[cells] - counted.effects.summed()[cells]
    assert np.corrcoef(change, anew)[0, 1] > 0.9
    assert change[change.argmin()] == pytest.approx(anew[change.argmin()], rel=0.5)
