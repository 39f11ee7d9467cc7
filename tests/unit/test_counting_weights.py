"""How much a view, a cart and an order count as a choice: estimated from the events of other people."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from holley_graph.counting import weights
from holley_graph.counting.hidden import FEWEST_CHOICES
from holley_graph.counting.weights import KindWeights
from holley_graph.snapshot.snapshot import VIEWED, Snapshot
from tests.support import planted

WORLD = planted.world(users=3_000, makes=2, models=2).snapshot


def with_views_by_chance(snapshot: Snapshot) -> Snapshot:
    """Let every owner's view be of any part that fits."""
    rng = np.random.default_rng(0)
    user, product = snapshot.event("user"), snapshot.event("product")
    vehicle = snapshot.user_vehicle[user]
    views = np.flatnonzero((snapshot.event("kind") == VIEWED) & (vehicle >= 0))
    first, last = snapshot.fit_offsets[vehicle[views]], snapshot.fit_offsets[vehicle[views] + 1]
    some = views[last > first]
    product[some] = snapshot.fits[rng.integers(first, last)[last > first], 1]
    place = snapshot.events.schema.get_field_index("product")
    field = snapshot.events.schema.field(place)
    return replace(snapshot, events=snapshot.events.set_column(place, field, pa.array(product, field.type)))


def test_views_by_chance_count_less_than_views_of_what_is_wanted() -> None:
    honest, noisy = weights.estimate(WORLD), weights.estimate(with_views_by_chance(WORLD))
    assert honest.choices == noisy.choices > FEWEST_CHOICES
    assert noisy.viewed < 0.8 * honest.viewed


def test_the_same_snapshot_gives_the_same_weights() -> None:
    assert weights.estimate(WORLD) == weights.estimate(WORLD)


def test_too_few_carts_and_orders_leave_the_prior() -> None:
    views = WORLD.events.filter(pa.array(WORLD.event("kind") == VIEWED))
    assert weights.estimate(replace(WORLD, events=views)) == KindWeights()
    assert weights.estimate(replace(WORLD, events=WORLD.events.slice(0, 0))).choices == 0


def test_a_large_shop_is_asked_about_some_part_types_with_all_their_events(monkeypatch: pytest.MonkeyPatch) -> None:
    most = len(WORLD.fits) // 2
    monkeypatch.setattr(weights, "MAX_FITMENTS", most)
    sample = weights._some_part_types(WORLD)
    assert 0 < len(sample.fits) <= most
    part_type = np.asarray(WORLD.products["part_type"].to_pylist())
    names = set(part_type[sample.fits[:, 1]])
    assert sample.events.num_rows == np.isin(part_type[WORLD.event("product")], list(names)).sum()
