"""The trend's filter beside the dense Gaussian that it approximates, and its steps beside root finding."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import multivariate_normal

from holley_graph.counting import trend
from holley_graph.counting.trend import Process

BIN = 15.0
PROCESS = Process(0.04, 60.0)
RNG = np.random.default_rng(5)
EXPECTED = np.full((12, 1), 40_000.0)
"""So many that a bin's logarithm is Gaussian with a variance of one over its count."""
COUNTS = EXPECTED * np.exp(RNG.normal(0, 0.2, EXPECTED.shape))


def covariance(bins: int, process: Process) -> np.ndarray:
    """Of an Ornstein–Uhlenbeck process at the bins."""
    apart = np.abs(np.subtract.outer(np.arange(bins), np.arange(bins))) * BIN
    return process.variance * np.exp(-apart / process.days)


def posterior(counts: np.ndarray, process: Process) -> np.ndarray:
    """Mean of all bins given all counts, from one dense system of equations."""
    prior = covariance(len(counts), process)
    return prior @ np.linalg.solve(prior + np.diag(1 / counts), np.log(counts / EXPECTED[: len(counts), 0]))


def test_the_smoothed_path_is_the_mean_of_the_dense_posterior() -> None:
    track = trend.follow(COUNTS, EXPECTED, PROCESS, BIN)
    np.testing.assert_allclose(track.mean[:, 0], posterior(COUNTS[:, 0], PROCESS), atol=1e-4)


def test_a_filtered_bin_knows_nothing_of_later_ones() -> None:
    filtered = trend.follow(COUNTS, EXPECTED, PROCESS, BIN, smooth=False)
    for bins in range(1, len(COUNTS) + 1):
        wanted = posterior(COUNTS[:bins, 0], PROCESS)[-1]
        assert filtered.mean[bins - 1, 0] == pytest.approx(wanted, abs=1e-4)
    assert filtered.newest == pytest.approx(filtered.mean[-1])


@pytest.mark.parametrize(
    "other", [Process(0.01, 60.0), Process(0.2, 60.0), Process(0.04, 10.0), Process(0.04, 400.0)]
)
def test_likelihoods_of_processes_differ_as_those_of_a_dense_gaussian(other: Process) -> None:
    logs, noise = np.log(COUNTS[:, 0] / EXPECTED[:, 0]), np.diag(1 / COUNTS[:, 0])

    def dense(process: Process) -> float:
        return float(multivariate_normal.logpdf(logs, np.zeros(len(logs)), covariance(len(logs), process) + noise))

    def filtered(process: Process) -> float:
        return trend.follow(COUNTS, EXPECTED, process, BIN).likelihood

    assert filtered(other) - filtered(PROCESS) == pytest.approx(dense(other) - dense(PROCESS), abs=0.02)


@given(st.integers(0, 500), st.floats(0.5, 500.0), st.floats(0.01, 2.0))
def test_a_bin_is_followed_to_where_prior_and_count_balance(count: int, expected: float, variance: float) -> None:
    track = trend.follow(np.array([[float(count)]]), np.array([[expected]]), Process(variance, 60.0), BIN)
    balance = brentq(lambda x: x / variance + expected * math.exp(x) - count, -40.0, 20.0)
    assert track.newest[0] == pytest.approx(balance, abs=1e-3)


def test_series_do_not_know_of_each_other() -> None:
    counts = RNG.poisson(20.0, (8, 3)).astype(float)
    expected = RNG.uniform(10, 30, (8, 3))
    together = trend.follow(counts, expected, PROCESS, BIN)
    alone = [trend.follow(counts[:, [i]], expected[:, [i]], PROCESS, BIN) for i in range(3)]
    np.testing.assert_allclose(together.mean, np.hstack([track.mean for track in alone]))
    assert together.likelihood == pytest.approx(sum(track.likelihood for track in alone))


@given(st.floats(0, 500), st.floats(0, 500), st.floats(1, 2_000))
def test_what_is_left_after_two_times_is_what_is_left_after_both(first: float, second: float, days: float) -> None:
    process = Process(0.1, days)
    assert process.kept(first) * process.kept(second) == pytest.approx(process.kept(first + second), abs=1e-12)
    assert process.kept(days * math.log(2)) == pytest.approx(0.5)


def test_the_estimated_process_is_likelier_than_those_around_it() -> None:
    expected = np.full((30, 40), 25.0)
    path = np.zeros(expected.shape)
    for t in range(1, len(path)):
        path[t] = 0.8 * path[t - 1] + RNG.normal(0, 0.25, path.shape[1])
    counts = RNG.poisson(expected * np.exp(path)).astype(float)
    best = trend.estimate(counts, expected, BIN)

    def likelihood(variance: float, days: float) -> float:
        return trend.follow(counts, expected, Process(variance, days), BIN, smooth=False).likelihood

    greatest = likelihood(best.variance, best.days)
    around = [(best.variance * v, best.days * d) for v in (0.6, 1.0, 1.6) for d in (0.6, 1.0, 1.6)]
    assert greatest >= max(likelihood(*place) for place in around) - 1.0


def test_products_follow_what_their_part_types_leave() -> None:
    """Products 0 and 1 are of one type and rise alike; 2 and 3 are of another, where one takes from the other."""
    expected = np.full((10, 4), 5_000.0)
    counts = expected * np.array([1.5, 1.5, 1.5, 0.5])
    types, products = np.array([0, 0, 1, 1]), np.arange(4)
    known = [Process(1.0, 1_000.0), Process(1.0, 1_000.0)]
    moved = trend.fit(counts, expected, [types, products], BIN, 0.0, known)
    assert moved.forecasts[0] == pytest.approx([math.log(1.5), 0.0], abs=0.01)
    assert moved.forecasts[1] == pytest.approx([0.0, 0.0, math.log(1.5), math.log(0.5)], abs=0.01)
    np.testing.assert_allclose(moved.path[-1], np.log([1.5, 1.5, 1.5, 0.5]), atol=0.01)
    assert moved.processes == known


def test_a_forecast_fades_with_the_time_to_it() -> None:
    counts, known = EXPECTED * 2, [Process(0.5, 30.0)]
    now, later = (
        trend.fit(counts, EXPECTED, [np.zeros(1, np.int64)], BIN, ahead, known).forecasts[0]
        for ahead in (0.0, 30.0)
    )
    assert now == pytest.approx([math.log(2)], abs=0.01)
    assert later == pytest.approx(now / math.e)
