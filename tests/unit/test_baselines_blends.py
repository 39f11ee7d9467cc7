"""The baseline, hybrid and universal as scorers: the numbers of the exports, on a planted world."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from holley_graph.baselines import blends
from holley_graph.embeddings import table
from holley_graph.embeddings.blend import hybrid, unit, widest
from holley_graph.embeddings.table import Table
from holley_graph.evaluation.targets import future_choices
from tests.support import planted

DAY = 86_400


@pytest.fixture(scope="module")
def world():
    made = planted.world(users=400).snapshot
    return made, future_choices(made, planted.AS_OF - 60 * DAY, 60)


@pytest.fixture(scope="module")
def tables(world):
    full, _ = world
    rng = np.random.default_rng(0)

    def draw(keys):
        return rng.normal(size=(len(keys), 4)).astype(np.float32)

    product, vehicle = full.product_ids.keys, full.vehicle_ids.keys
    bias = rng.normal(size=len(product) - 5).astype(np.float32)
    return {
        "product": Table(product[5:], table.products(draw(product[5:]), bias)),
        "vehicle": Table(vehicle, table.queries(draw(vehicle))),
        "user": Table(full.user_ids.keys[:3], table.queries(draw(full.user_ids.keys[:3]))),
    }


def published(full, task, every=3):
    """Some candidates' baseline scores: many ties, all three tiers."""
    pairs = sorted(
        {
            (full.vehicle_ids.keys[task.vehicle[o]], full.product_ids.keys[c])
            for o, c in zip(task.owner, task.candidate, strict=True)
        }
    )
    chosen = pairs[::every]
    return pa.table(
        {
            "vehicle_id": [vehicle for vehicle, _ in chosen],
            "sku": [sku for _, sku in chosen],
            "score": [10.99 + n % 4 for n in range(len(chosen))],
            "tier": [("segment", "make", "global")[n % 3] for n in range(len(chosen))],
        }
    )


def by_pair(rows):
    return {(row["vehicle_id"], row["sku"]): row for row in rows.to_pylist()}


def test_the_champion_scores_what_was_published_and_nothing_else(world):
    full, task = world
    rows = published(full, task)
    known = by_pair(rows)
    scores = blends.champion(rows, task, full)
    for place, (owner, candidate) in enumerate(zip(task.owner, task.candidate, strict=True)):
        pair = (full.vehicle_ids.keys[task.vehicle[owner]], full.product_ids.keys[candidate])
        assert scores[place] == (known[pair]["score"] if pair in known else -np.inf)


def test_hybrid_orders_by_popularity_then_taste(world, tables):
    full, task = world
    rows = published(full, task)
    known = by_pair(rows)
    scores = blends.hybrid(rows, tables, task, full)
    for place, (owner, candidate) in enumerate(zip(task.owner, task.candidate, strict=True)):
        user, vehicle = full.user_ids.keys[task.user[owner]], full.vehicle_ids.keys[task.vehicle[owner]]
        sku = full.product_ids.keys[candidate]
        row = tables["user"].find(np.array([user], object))[0]
        query = (
            tables["user"].vectors[row]
            if row >= 0
            else tables["vehicle"].vectors[list(full.vehicle_ids.keys).index(vehicle)]
        )
        part = tables["product"].find(np.array([sku], object))[0]
        a, b = query[:-2].astype(float), tables["product"].vectors[part][:-2].astype(float)
        like = float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) if part >= 0 else 0.0
        popular = known.get((vehicle, sku))
        spoken = popular is not None and popular["tier"] != "global"
        assert scores[place] == pytest.approx(popular["score"] + 0.0049 * (1 + like) if spoken else (1 + like) / 2)


def test_universal_knows_only_what_fits_most(world, tables):
    full, task = world
    fitting = np.bincount(full.fits[:, 1], minlength=full.products.num_rows)
    scores = blends.universal(tables, 0.3, task, full)
    least = np.sort(fitting)[::-1][math.ceil(0.3 * len(fitting)) - 1]
    report = np.isfinite(scores)
    assert 0 < report.sum() < len(report)
    assert (fitting[task.candidate[report]] >= least).all()
    hidden = task.candidate[~report]
    assert all(fitting[p] < least or p < 5 for p in hidden)  # too few vehicles, or without a vector


CENTS = st.integers(0, 6_000).map(lambda n: n / 100)


@given(st.lists(st.tuples(CENTS, st.booleans(), st.floats(-1, 1) | st.just(float("nan"))), min_size=2, max_size=8))
def test_taste_never_changes_the_order_of_popularity(parts):
    popularity, spoken, likeness = (np.array(column) for column in zip(*parts, strict=True))
    score = hybrid(popularity, spoken, likeness)
    assert np.isfinite(score).all()
    for a in range(len(parts)):
        for b in range(len(parts)):
            if spoken[a] and spoken[b] and popularity[a] > popularity[b]:
                assert score[a] > score[b]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=20), st.floats(0.01, 1))
def test_the_widest_are_a_share_of_the_eligible_and_their_equals(parts, share):
    vehicles, eligible = (np.array(column) for column in zip(*parts, strict=True))
    chosen = widest(vehicles, eligible, share)
    assert not (chosen & ~eligible).any()
    if eligible.any():
        assert chosen.any()
        least = vehicles[chosen].min()
        assert (chosen == (eligible & (vehicles >= least))).all()
        assert (vehicles[eligible] > least).sum() < share * eligible.sum() <= chosen.sum()


def test_taste_leaves_popularity_and_padding_out():
    units = unit(np.array([[3.0, 4.0, 100.0, 7.0], [0.0, 0.0, 1.0, 0.0]]))
    assert units.tolist() == [[0.6, 0.8], [0.0, 0.0]]
