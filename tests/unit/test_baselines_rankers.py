"""Every ranker is asked the same question, knows nothing of the answer, and finds what it is able to find."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from holley_graph.baselines import collaborative, features, popularity, shrinkage
from holley_graph.baselines.rankers import BASELINES
from holley_graph.counting.events import KIND_WEIGHTS
from holley_graph.embeddings import table
from holley_graph.embeddings.paths import KINDS
from holley_graph.evaluation import metrics, scoring, study
from holley_graph.evaluation.targets import Ranker, RankingTask, future_choices
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.architectures.sage import SageConfig
from holley_graph.model.training import train as training
from holley_graph.model.training.plan import Plan
from holley_graph.snapshot.snapshot import ORDERED, VIEWED, Snapshot
from tests.support import planted

CUT = planted.AS_OF - 30 * planted.DAY
WORLD = planted.world(users=900, models=3, years=4)
ORDER = [("user", "ascending"), ("at", "ascending"), ("kind", "ascending"), ("product", "ascending")]
RUSHED = int(WORLD.snapshot.fits[3, 1])


def rush(snapshot: Snapshot, at: int) -> Snapshot:
    """From one moment on everybody buys one part, and its price goes through the roof."""
    users = np.arange(snapshot.users.num_rows)
    bought = pa.table(
        {
            "user": users,
            "product": np.full(len(users), RUSHED),
            "kind": pa.array(np.full(len(users), ORDERED), pa.int8()),
            "at": np.full(len(users), at),
        }
    )
    price = snapshot.products["price"].to_numpy().copy()
    price[RUSHED] = 99_999
    products = snapshot.products.set_column(
        snapshot.products.schema.get_field_index("price"), "price", pa.array(price)
    )
    return replace(snapshot, products=products, events=pa.concat_tables([snapshot.events, bought]).sort_by(ORDER))


def trained(full: Snapshot, folder: Path) -> Ranker:
    """Train the default model up to the cut; a ranker of its vectors."""
    run = training.train(full, folder, Plan(Recipe("sage", SageConfig(dim=8)), as_of=CUT))
    tables = table.load(run.path)
    return lambda task, past: scoring.scores(tables, past, task)


@pytest.mark.parametrize("name", [*BASELINES, "sage"])
def test_no_ranker_profits_from_a_signal_that_only_the_future_has(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "STEPS", 5)
    rushed = rush(WORLD.snapshot, CUT)
    worlds = {"plain": WORLD.snapshot, "rushed": rushed}
    task = future_choices(rushed, CUT)
    scores = {}
    for which, full in worlds.items():
        ranker = trained(full, tmp_path / which) if name == "sage" else BASELINES[name]
        scores[which] = ranker(task, full.before(CUT))
    np.testing.assert_array_equal(scores["plain"], scores["rushed"])


def test_a_ranker_that_knows_the_future_would_profit() -> None:
    """What the test above would catch."""
    rushed = rush(WORLD.snapshot, CUT)
    task = future_choices(rushed, CUT)
    honest, leaking = (popularity.scores(task, side) for side in (rushed.before(CUT), rushed))
    mrr = [metrics.per_user(task, metrics.ranks(task, side), 4)["MRR@4"].mean() for side in (honest, leaking)]
    assert mrr[1] > mrr[0] + 0.05


def test_rankers_are_not_told_what_was_bought() -> None:
    reports: list[RankingTask] = []

    def curious(task: RankingTask, past: Snapshot) -> np.ndarray:
        reports.append(task)
        return np.zeros(len(task.candidate))

    cut = study.cut(WORLD.snapshot, CUT, {"curious": curious})
    assert not reports[0].is_target.any()
    assert cut.task.is_target.any()


def ndcg(ranker: Ranker) -> float:
    cut = study.cut(WORLD.snapshot, CUT, {"x": ranker})
    return float(study.answers([cut], "x").values["NDCG@10"].mean())


def test_popularity_beats_chance_and_estimated_priors_beat_popularity() -> None:
    ndcgs = {name: ndcg(BASELINES[name]) for name in ("random", "popularity", "shrinkage", "counting")}
    assert ndcgs["random"] + 0.05 < ndcgs["popularity"] < ndcgs["shrinkage"] - 0.02
    assert ndcgs["counting"] > ndcgs["shrinkage"]


@pytest.mark.parametrize("name", ["logit", "boosted"])
def test_who_learns_from_counted_features_beats_popularity(name: str) -> None:
    assert ndcg(BASELINES[name]) > ndcg(popularity.scores) + 0.04


def test_shrunk_rates_rise_with_what_everybody_looks_at_now() -> None:
    """Visitors whose vehicle nobody knows look at one part in the newest days, and at all parts alike before."""
    past = WORLD.snapshot.before(CUT)
    nobody, products = past.users.num_rows, past.products.num_rows
    usual = np.tile(np.arange(products), 6)
    product = np.concatenate([usual, np.full(60, RUSHED)])
    age = np.concatenate([np.repeat(np.arange(6) * 15 + 10, products), np.full(60, 5)])
    views = pa.table(
        {
            "user": nobody + np.arange(len(product)),
            "product": product,
            "kind": pa.array(np.full(len(product), VIEWED), pa.int8()),
            "at": CUT - age * planted.DAY,
        }
    ).cast(past.events.schema)
    visitors = pa.table(
        {"user_id": [f"v{i:06d}" for i in range(len(product))], "vehicle": np.full(len(product), -1)}
    )
    users = pa.concat_tables([past.users, visitors.cast(past.users.schema)])
    watched = replace(past, users=users, events=pa.concat_tables([past.events, views]).sort_by(ORDER))
    task = future_choices(WORLD.snapshot, CUT)
    gain = shrinkage.trending(task, watched) - np.log(shrinkage.scores(task, watched) + shrinkage.TINY)
    rushed = task.candidate == RUSHED
    assert rushed.any()
    assert gain[rushed].min() > gain[~rushed].max() + 0.5


def test_learned_rankers_look_as_far_back_as_it_takes_to_see_people_without_a_history() -> None:
    past = WORLD.snapshot.before(CUT)
    seen = features.choices(past)
    assert seen is not None
    newest = [future_choices(past, CUT - n * 30 * planted.DAY, 30, kind) for n in (1, 2, 3) for kind in range(3)]
    assert len(seen.sizes) > sum(len(task.user) for task in newest)
    assert seen.sizes.sum() == len(seen.features) == len(seen.chosen)


def test_features_of_a_quiet_and_a_busy_list_have_one_mean() -> None:
    past, task = WORLD.snapshot.before(CUT), future_choices(WORLD.snapshot, CUT)
    columns = features.Features(past)(task)
    means = np.stack([np.bincount(task.owner, column) for column in columns.T[: -2 * len(KINDS)]])
    np.testing.assert_allclose(means, 0, atol=1e-2)


def test_what_is_trending_counts_half_after_a_half_life() -> None:
    bare = WORLD.snapshot
    rows = pa.table(
        {
            "user": [0, 1, 2],
            "product": [5, 5, 7],
            "kind": pa.array([ORDERED, VIEWED, ORDERED], pa.int8()),
            "at": [bare.as_of - days * planted.DAY for days in (15, 30, 0)],
        }
    ).cast(bare.events.schema)
    task = RankingTask(
        np.array([0]), np.array([0]), np.array([0, 3]), np.array([5, 7, 9]), np.zeros(3, bool), np.ones(1, bool)
    )
    scores = popularity.trending(task, replace(bare, events=rows))
    view, _, order = KIND_WEIGHTS
    np.testing.assert_allclose(scores, [order * 0.5 + view * 0.25, order, 0.0])


@pytest.mark.parametrize("name", ["item-knn", "gf-cf", "cheby-cf", "als"])
def test_whoever_has_no_history_gets_popularity_from_collaborative_rankers(name: str) -> None:
    past, task = WORLD.snapshot.before(CUT), future_choices(WORLD.snapshot, CUT)
    position = metrics.ranks(task, BASELINES[name](task, past))
    plain = metrics.ranks(task, popularity.scores(task, past))
    cold = ~task.warm[task.owner]
    assert cold.any()
    np.testing.assert_array_equal(position[cold], plain[cold])
    assert (position[~cold] != plain[~cold]).any()


def test_the_cosine_of_two_products_is_shrunk_and_summed_over_what_was_touched() -> None:
    """User 0 touched 0 and 1, user 1 touched 1 and 2; asked about user 0: product 2 by way of product 1."""
    past = tiny([(0, 0), (0, 1), (1, 1), (1, 2)])
    task = RankingTask(
        np.array([0]), np.array([0]), np.array([0, 2]), np.array([2, 3]), np.zeros(2, bool), np.ones(1, bool)
    )
    assert collaborative.item_knn(task, past).tolist() == [2, 1]
    touched = collaborative.interactions(past)
    assert touched.toarray().tolist() == [[1, 1, 0, 0], [0, 1, 1, 0]]


def test_a_rate_is_pulled_to_its_parent_by_the_strength() -> None:
    count, exposure, parent = np.array([4.0, 0.0]), np.array([10.0, 10.0]), np.array([0.2, 0.2])
    rates = shrinkage._shrink(count, exposure, parent)
    strength = next(s for s in shrinkage.STRENGTHS if np.isclose((4 + s * 0.2) / (10 + s), rates[0]))
    assert rates[1] == pytest.approx(strength * 0.2 / (10 + strength))
    assert 0.2 < rates[0] < 0.4


def test_groups_that_differ_are_shrunk_less_than_groups_that_do_not() -> None:
    exposure, parent = np.full(50, 100.0), np.full(50, 0.1)
    alike = shrinkage._shrink(np.full(50, 10.0), exposure, parent)
    apart = shrinkage._shrink(np.tile([0.0, 20.0], 25), exposure, parent)
    assert np.ptp(alike) == 0
    assert np.ptp(apart) > 0.15


def test_rates_count_orders_of_owners_per_order_of_those_whose_vehicle_it_fits() -> None:
    past = WORLD.snapshot.before(CUT)
    count = shrinkage._orders(past)
    owner = past.user_vehicle[past.event("user")]
    by_hand = {}
    for v, p, k in zip(owner, past.event("product"), past.event("kind"), strict=True):
        if k == ORDERED:
            by_hand[v, p] = by_hand.get((v, p), 0) + 1
    by_key = {(v, p): n for (v, p), n in zip(map(tuple, past.fits.tolist()), count, strict=True) if n}
    assert by_key == by_hand


def tiny(touched: list[tuple[int, int]]) -> Snapshot:
    user, product = (np.array(column) for column in zip(*touched, strict=True))
    kind = pa.array(np.full(len(user), ORDERED), pa.int8())
    base = WORLD.snapshot
    return replace(
        base,
        products=pa.table({"sku": [f"P{i}" for i in range(4)], "part_type": ["T"] * 4, "price": [1.0] * 4}),
        vehicles=base.vehicles.slice(0, 1).set_column(0, "vehicle_id", pa.array(["V"])),
        users=pa.table({"user_id": ["a", "b"], "vehicle": [0, 0]}),
        fits=np.array([(0, i) for i in range(4)]),
        events=pa.table({"user": user, "product": product, "kind": kind, "at": np.arange(len(user))}),
    )
