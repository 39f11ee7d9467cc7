"""Counting: priors and trends that the data estimate, each held against a truth that was planted."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from scipy.integrate import quad
from scipy.stats import norm, spearmanr

from holley_graph.counting import effects, levels, trend, utility
from holley_graph.counting.effects import Effects
from holley_graph.counting.trend import Process
from holley_graph.snapshot.snapshot import ORDERED, VIEWED, Snapshot
from tests.support import planted

WORLD = planted.world(users=1_500)
SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot


def agreement(snapshot: Snapshot, score: np.ndarray) -> float:
    """Mean rank correlation of scores and true utilities among what fits a vehicle."""
    truth = WORLD.utility[snapshot.fits[:, 0], snapshot.fits[:, 1]]
    parts = np.split(np.arange(len(score)), snapshot.fit_offsets[1:-1])
    return float(np.mean([spearmanr(score[part], truth[part]).statistic for part in parts if len(part) > 2]))


def test_effects_of_the_hierarchy_find_more_of_the_truth_than_product_counts() -> None:
    snapshot = WORLD.snapshot
    counted = utility.count(snapshot)
    orders = snapshot.event("product")[snapshot.event("kind") == ORDERED]
    popular = np.bincount(orders, minlength=snapshot.products.num_rows)[snapshot.fits[:, 1]]
    assert agreement(snapshot, counted.scores) > agreement(snapshot, popular) + 0.1


@pytest.mark.parametrize("true", [2.0, 20.0])
def test_the_strength_of_a_prior_is_found_from_the_counts(true: float) -> None:
    rng = np.random.default_rng(0)
    expected = rng.uniform(1, 30, 3_000)
    counted = rng.poisson(expected * rng.gamma(true, 1 / true, len(expected))).astype(float)
    assert effects._strength(counted, expected, np.nan) == pytest.approx(true, rel=0.2)


def test_a_level_that_tells_nothing_is_shrunk_to_nothing() -> None:
    rng = np.random.default_rng(0)
    expected = rng.uniform(1, 30, 3_000)
    assert effects._strength(rng.poisson(expected).astype(float), expected, np.nan) > 500


def test_shares_of_a_vehicle_sum_to_one() -> None:
    rng = np.random.default_rng(0)
    shares = np.exp(effects.log_shares(SMALL, rng.normal(size=len(SMALL.fits)) * 20))
    totals = np.bincount(SMALL.fits[:, 0], shares, SMALL.vehicles.num_rows)
    np.testing.assert_allclose(totals[np.diff(SMALL.fit_offsets) > 0], 1)


def test_the_filter_likelihood_of_one_bin_is_the_integral_over_the_log_ratio() -> None:
    variance = 0.3
    for count, expected in ((0.0, 2.0), (7.0, 3.0), (40.0, 25.0)):

        def density(x: float, count: float = count, expected: float = expected) -> float:
            return float(np.exp(count * x - expected * np.exp(x)) * norm.pdf(x, scale=variance**0.5))

        whole = quad(density, -5, 5, points=[0.0, 0.5])[0]
        track = trend.follow(np.array([[count]]), np.array([[expected]]), Process(variance, 60.0), 15.0)
        assert track.likelihood == pytest.approx(np.log(whole), abs=0.03)


def test_variance_and_time_constant_of_a_trend_are_found_and_the_trend_is_followed() -> None:
    rng = np.random.default_rng(0)
    true, bins, series = Process(0.25, 60.0), 40, 150
    true_share = true.kept(15.0)
    path = np.empty((bins, series))
    path[0] = rng.normal(size=series) * true.variance**0.5
    for t in range(1, bins):
        noise = rng.normal(size=series) * (true.variance * (1 - true_share**2)) ** 0.5
        path[t] = true_share * path[t - 1] + noise
    expected = np.full(path.shape, 30.0)
    counts = rng.poisson(expected * np.exp(path)).astype(float)
    estimate = trend.estimate(counts, expected, 15.0)
    assert estimate.variance == pytest.approx(true.variance, rel=0.25)
    assert estimate.days == pytest.approx(true.days, rel=0.35)
    track = trend.follow(counts, expected, estimate, 15.0)
    assert np.corrcoef(track.mean.ravel(), path.ravel())[0, 1] > 0.9
    moved = trend.fit(counts, expected, [np.arange(series)], 15.0, ahead_days=30.0)
    np.testing.assert_allclose(
        moved.forecasts[0], moved.processes[0].kept(30.0) * track.newest, rtol=0.05, atol=0.02
    )


def test_where_nothing_moves_the_trend_says_nothing() -> None:
    rng = np.random.default_rng(0)
    expected = np.full((20, 100), 50.0)
    moved = trend.fit(rng.poisson(expected).astype(float), expected, [np.arange(100)], 15.0, 15.0)
    assert np.abs(moved.forecasts[0]).max() < 0.1


def with_views(snapshot: Snapshot, user: np.ndarray, product: int, days_ago: np.ndarray) -> Snapshot:
    more = pa.table(
        {
            "user": user,
            "product": np.full(len(user), product),
            "kind": pa.array(np.full(len(user), VIEWED), pa.int8()),
            "at": snapshot.as_of - 1 - days_ago * planted.DAY,
        }
    ).cast(snapshot.events.schema)
    return replace(
        snapshot,
        events=pa.concat_tables([snapshot.events, more]).sort_by([("user", "ascending"), ("at", "ascending")]),
    )


def test_visitors_whose_vehicle_nobody_knows_say_what_is_wanted_now() -> None:
    world, nobody = WORLD.snapshot, np.arange(40)
    vehicle = pa.array(world.user_vehicle, mask=np.isin(np.arange(world.users.num_rows), nobody))
    snapshot = replace(world, users=world.users.set_column(1, "vehicle", vehicle))
    product = int(snapshot.fits[0, 1])
    before = utility.count(snapshot).popularity[product]
    after = utility.count(with_views(snapshot, nobody, product, np.full(len(nobody), 2))).popularity[product]
    assert after > before + 0.02


def test_a_person_who_looks_again_the_same_week_counts_once() -> None:
    product = int(SMALL.fits[0, 1])
    once = with_views(SMALL, np.array([0]), product, np.array([3]))
    often = with_views(SMALL, np.zeros(500, np.int64), product, np.full(500, 3))
    np.testing.assert_array_equal(utility.count(once).choices, utility.count(often).choices)


def test_without_events_all_that_fits_is_alike() -> None:
    bare = replace(SMALL, events=SMALL.events.slice(0, 0))
    counted = utility.count(bare)
    np.testing.assert_allclose(counted.scores, 0, atol=1e-6)


def test_what_is_kept_says_the_same_and_knows_what_came_later(tmp_path) -> None:  # type: ignore[no-untyped-def]
    counted = utility.count(SMALL)
    counted.utility.save(tmp_path)
    loaded = utility.load(tmp_path)
    for actual, expected in zip(loaded.apply(SMALL), (counted.popularity, counted.lift), strict=True):
        np.testing.assert_array_equal(actual, expected)
    # a product that nobody knew has the popularity of its part type, and the lift of its part type and brand
    keys = SMALL.products.column("sku").to_pylist()
    strange = SMALL.products.set_column(
        SMALL.products.schema.get_field_index("sku"), "sku", pa.array(["zz-new", *keys[1:]])
    )
    popularity, lift = loaded.apply(replace(SMALL, products=strange))
    groups = levels.groups(SMALL)
    cells, types = groups.cells[levels.PAIRS.index(("everybody", "part_type"))], groups.products["part_type"]
    (of_type,) = counted.values[1][cells.product == types.rows[0]]
    assert popularity[0] == pytest.approx(of_type)
    np.testing.assert_array_equal(popularity[1:], counted.popularity[1:])
    assert np.isfinite(lift).all()


def test_years_of_a_model_that_share_their_parts_are_one_generation() -> None:
    """Three years of one model; the third shares no part with the others."""
    vehicles = pa.table(
        {
            "vehicle_id": ["1", "2", "3"],
            "year": [1970, 1971, 1972],
            "make": ["A"] * 3,
            "model": ["B"] * 3,
            "owners": [1] * 3,
        }
    )
    fits = np.array([(0, 0), (0, 1), (1, 0), (1, 1), (2, 2)])
    snapshot = replace(SMALL, vehicles=vehicles, fits=fits)
    assert levels._generation_starts(snapshot).tolist() == [1970, 1970, 1972]


def test_popularity_and_lift_add_up_to_all_effects_and_the_forecast() -> None:
    counted = utility.count(SMALL)
    fitted: Effects = counted.effects
    groups = levels.product_groups(SMALL)
    forecast = sum(
        counted.trend.forecasts[number][groups[name].rows] for number, name in enumerate(utility.TREND_OF)
    )
    total = fitted.summed() + forecast[SMALL.fits[:, 1]]
    np.testing.assert_allclose(counted.scores, total, atol=1e-9)
