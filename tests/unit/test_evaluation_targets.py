"""Who is asked about, and among what: parts that fit, are eligible and were not bought before."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holley_graph.baselines import popularity
from holley_graph.evaluation.targets import RankingTask, future_choices
from holley_graph.snapshot.snapshot import CARTED, ORDERED, VIEWED, DeriveOptions, Snapshot
from holley_graph.times import DAY

CUT = 1_000 * DAY
PAST, SOON, LATE = CUT - 1, CUT, CUT + 30 * DAY

# vehicle 0 takes products 0 1 2 3, vehicle 1 takes 3 4; product 2 is not eligible; users 3 and 4 own nothing
EVENTS = [
    (0, 0, ORDERED, PAST),
    (0, 0, ORDERED, SOON),  # bought before: neither candidate nor target
    (0, 1, ORDERED, SOON),
    (0, 1, ORDERED, SOON + 5),  # twice is once
    (0, 2, ORDERED, SOON),  # not eligible
    (0, 4, ORDERED, SOON),  # does not fit
    (1, 3, ORDERED, LATE),  # after the window
    (1, 4, VIEWED, SOON),  # no purchase
    (2, 4, ORDERED, LATE - 1),
    (3, 1, ORDERED, SOON),  # no vehicle
    (4, 1, ORDERED, PAST),
]


@pytest.fixture(scope="module")
def full() -> Snapshot:
    user, product, kind, at = (list(column) for column in zip(*EVENTS, strict=True))
    skus = [f"P{i}" for i in range(5)]
    latest = {(u, p): t for u, p, k, t in sorted(EVENTS, key=lambda e: e[3]) if k == ORDERED}
    return Snapshot(
        as_of=CUT + 60 * DAY,
        products=pa.table({"sku": skus, "base_sku": skus, "eligible": [True, True, False, True, True]}),
        vehicles=pa.table({"vehicle_id": ["A", "B"]}),
        users=pa.table({"user_id": list("abcde"), "vehicle": pa.array([0, 1, 1, None, None], pa.int64())}),
        fits=np.array([(0, 0), (0, 1), (0, 2), (0, 3), (1, 3), (1, 4)]),
        events=pa.table({"user": user, "product": product, "kind": pa.array(kind, pa.int8()), "at": at}),
        bought=pa.table(
            {
                "user": [u for u, _ in latest],
                "product": [p for _, p in latest],
                "last_at": list(latest.values()),
            }
        ).sort_by([("user", "ascending"), ("product", "ascending")]),
        options=DeriveOptions(100, 30, 50),
    )


def candidates(task: RankingTask) -> dict[int, dict[int, bool]]:
    by_user: dict[int, dict[int, bool]] = {}
    for owner, product, target in zip(task.user[task.owner], task.candidate, task.is_target, strict=True):
        by_user.setdefault(int(owner), {})[int(product)] = bool(target)
    return by_user


def test_candidates_fit_are_eligible_and_new_and_targets_are_among_them(full: Snapshot) -> None:
    task = future_choices(full, CUT, 30)
    assert candidates(task) == {0: {1: True, 3: False}, 2: {3: False, 4: True}}
    assert task.vehicle.tolist() == [0, 1]
    assert task.warm.tolist() == [True, False]
    assert task.offsets.tolist() == [0, 2, 4]


def test_what_is_carted_or_viewed_can_be_the_target_and_what_was_viewed_before_stays_a_candidate(
    full: Snapshot,
) -> None:
    """User 1, who orders too late, views twice; user 0 carts a part that does not fit, and one that was bought."""
    more = {
        "user": [0, 0, 1, 1],
        "product": [4, 0, 4, 4],
        "kind": [CARTED, CARTED, VIEWED, VIEWED],
        "at": [CUT] * 4,
    }
    before = {"user": [1], "product": [4], "kind": [VIEWED], "at": [PAST]}
    extra = (pa.table(rows).cast(full.events.schema) for rows in (more, before))
    events = pa.concat_tables([full.events, *extra]).sort_by([("user", "ascending"), ("at", "ascending")])
    seen = replace(full, events=events)
    assert candidates(future_choices(seen, CUT, 30, VIEWED))[1] == {3: False, 4: True}
    assert 0 not in candidates(future_choices(seen, CUT, 30, CARTED))
    assert candidates(future_choices(seen, CUT, 30)) == candidates(future_choices(full, CUT, 30))


def test_the_window_is_closed_at_its_start_and_open_at_its_end(full: Snapshot) -> None:
    assert set(candidates(future_choices(full, CUT, 31))) == {0, 1, 2}
    assert set(candidates(future_choices(full, CUT, 1))) == {0}
    assert set(candidates(future_choices(full, SOON + 6, 30))) == {1, 2}  # now LATE is inside


def test_a_line_past_the_boundary_counts_as_bought_before(full: Snapshot) -> None:
    line = pa.table({"user": [0], "product": [3], "last_at": [PAST]})
    more = replace(full, bought=pa.concat_tables([full.bought, line]))
    assert candidates(future_choices(more, CUT, 30))[0] == {1: True}


def test_another_colour_of_what_was_bought_is_no_candidate(full: Snapshot) -> None:
    """Product 3 is product 0 in red: user 0 has that; user 2, who bought nothing, may be sent it."""
    products = full.products.set_column(1, "base_sku", pa.array(["P0", "P1", "P2", "P0", "P4"]))
    task = future_choices(replace(full, products=products), CUT, 30)
    assert candidates(task) == {0: {1: True}, 2: {3: False, 4: True}}


def test_without_purchases_there_is_nobody_to_ask_about(full: Snapshot) -> None:
    task = future_choices(full, CUT + 40 * DAY, 10)
    assert (len(task.user), len(task.candidate), task.offsets.tolist()) == (0, 0, [0])


def test_popularity_counts_purchases_before_the_cut_alone(full: Snapshot) -> None:
    task = future_choices(full, CUT, 30)
    assert popularity.scores(task, full.before(CUT)).tolist() == [1, 0, 0, 0]
    assert popularity.scores(task, full).tolist() == [4, 1, 1, 2]
