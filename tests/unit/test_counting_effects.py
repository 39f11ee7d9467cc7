"""Effects beside a backfitting in plain loops, and strengths beside scipy's negative binomial."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import softmax
from scipy.stats import gamma, nbinom, poisson

from holley_graph.counting import effects, levels
from holley_graph.counting.levels import Cells
from tests.support import planted

SMALL = planted.world(users=60, makes=2, models=2, years=3).snapshot
CHOICES = np.random.default_rng(3).poisson(1.5, len(SMALL.fits)).astype(float)


def nats(strength: float, counted: np.ndarray, expected: np.ndarray) -> float:
    """Log likelihood of counts whose rates are Gamma with mean 1 and this strength."""
    return float(nbinom.logpmf(counted, strength, strength / (strength + expected)).sum())


@pytest.mark.parametrize("true", [0.5, 3.0, 40.0])
def test_a_strength_is_where_the_negative_binomial_likelihood_is_greatest(true: float) -> None:
    rng = np.random.default_rng(1)
    expected = rng.gamma(2.0, 4.0, 500)
    counted = rng.poisson(expected * rng.gamma(true, 1 / true, len(expected))).astype(float)
    strength = effects._strength(counted, expected, np.nan)
    grid = np.exp(np.linspace(effects.WEAKEST, effects.STRONGEST, 600))
    best = max(nats(a, counted, expected) for a in grid)
    assert nats(strength, counted, expected) == pytest.approx(best, abs=0.1)
    assert nats(strength * 2, counted, expected) < best - 0.2 > nats(strength / 2, counted, expected)


@pytest.mark.parametrize("before", [0.1, 3_000.0])
def test_a_strength_moves_by_one_step_from_one_round_to_the_next(before: float) -> None:
    """The truth is 5, which is further away than a step on either side."""
    rng = np.random.default_rng(2)
    expected = rng.uniform(1, 30, 2_000)
    counted = rng.poisson(expected * rng.gamma(5.0, 1 / 5.0, len(expected))).astype(float)
    moved = effects._strength(counted, expected, before)
    assert abs(math.log(moved / before)) == pytest.approx(effects.NEAR, abs=0.1)
    assert abs(math.log(moved / 5.0)) < abs(math.log(before / 5.0))


def test_where_nothing_is_expected_nothing_is_concluded() -> None:
    nothing = np.zeros(4)
    assert effects._strength(nothing, nothing, np.nan) == pytest.approx(math.exp(effects.STRONGEST))


@pytest.mark.parametrize(("count", "expected", "strength"), [(0, 2.0, 1.5), (7, 3.0, 4.0), (30, 50.0, 0.7)])
def test_an_effect_is_the_mean_of_its_posterior(count: int, expected: float, strength: float) -> None:
    """The integral over the effect of prior and likelihood, by quadrature."""

    def joint(theta: float, power: int) -> float:
        prior = gamma.pdf(theta, strength, scale=1 / strength)
        return float(theta**power * prior * poisson.pmf(count, expected * theta))

    mean = quad(joint, 0, 60, args=(1,), limit=200)[0] / quad(joint, 0, 60, args=(0,), limit=200)[0]
    assert (count + strength) / (expected + strength) == pytest.approx(mean, rel=1e-4)


def test_all_effects_are_those_of_a_backfitting_in_plain_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """One level after the other, with strengths that the test chooses."""
    monkeypatch.setattr(effects, "_strength", lambda counted, expected, before: 1.0 + len(counted) / 10)
    cells = levels.groups(SMALL).cells
    fitted = effects.fit(SMALL, cells, CHOICES)
    theta = [[1.0] * len(level.vehicle) for level in cells]
    vehicle = SMALL.fits[:, 0].tolist()
    of_vehicle: dict[int, float] = defaultdict(float)
    for row, v in enumerate(vehicle):
        of_vehicle[v] += CHOICES[row]
    for _ in range(effects.ROUNDS):
        for number, level in enumerate(cells):
            product = [
                math.prod(values[own.rows[row]] for values, own in zip(theta, cells, strict=True))
                for row in range(len(vehicle))
            ]
            total: dict[int, float] = defaultdict(float)
            for row, v in enumerate(vehicle):
                total[v] += product[row]
            counted, expected = [0.0] * len(level.vehicle), [0.0] * len(level.vehicle)
            for row, v in enumerate(vehicle):
                cell = level.rows[row]
                counted[cell] += CHOICES[row]
                expected[cell] += of_vehicle[v] * product[row] / total[v] / theta[number][cell]
            a = 1.0 + len(counted) / 10
            theta[number] = [(n + a) / (e + a) for n, e in zip(counted, expected, strict=True)]
    for actual, wanted in zip(fitted.log, theta, strict=True):
        np.testing.assert_allclose(actual, np.log(wanted), atol=1e-9)


def test_a_level_of_one_cell_has_no_effect() -> None:
    """What is expected of all fitments together is what was counted."""
    whole = Cells(np.zeros(len(SMALL.fits), np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64))
    assert effects.fit(SMALL, [whole], CHOICES).log[0] == pytest.approx([0.0])


def test_effects_that_are_summed_over_some_levels_add_up_to_all() -> None:
    fitted = effects.fit(SMALL, levels.groups(SMALL).cells, CHOICES)
    parts = [fitted.summed(slice(number, number + 1)) for number in range(len(fitted.log))]
    np.testing.assert_allclose(np.sum(parts, axis=0), fitted.summed())
    np.testing.assert_allclose(fitted.summed(slice(0, 2)) + fitted.summed(slice(2, None)), fitted.summed())


@given(st.integers(0, 1_000), st.sampled_from([0.1, 10.0, 1_000.0]))
def test_log_shares_are_the_softmax_among_what_fits(seed: int, spread: float) -> None:
    utility = np.random.default_rng(seed).normal(0, spread, len(SMALL.fits))
    shares = np.exp(effects.log_shares(SMALL, utility))
    for vehicle in range(SMALL.vehicles.num_rows):
        rows = SMALL.fits[:, 0] == vehicle
        np.testing.assert_allclose(shares[rows], softmax(utility[rows]), atol=1e-12)
