"""Reliability by hand, and of probabilities that are true."""

import numpy as np
import pytest

from holley_graph.evaluation.calibration import Calibration, calibrate, reliability


def test_a_worked_example() -> None:
    table = reliability([0.9, 0.1, 0.2, 0.8], [True, False, True, True], bins=2)
    np.testing.assert_allclose(table.predicted, [0.15, 0.85])
    np.testing.assert_allclose(table.happened, [0.5, 1.0])
    assert table.cases.tolist() == [2, 2]
    assert table.error == pytest.approx((0.35 + 0.15) / 2)


def test_true_probabilities_are_reliable_and_doubled_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(20_000) / 2
    happened = rng.random(20_000) < truth
    assert reliability(truth, happened).error < 0.02
    assert reliability(2 * truth, happened).error > 0.2


def test_there_are_no_empty_bins() -> None:
    assert reliability([0.5, 0.6], [True, False], bins=10).cases.tolist() == [1, 1]


def test_the_slope_and_offset_that_cases_were_drawn_with_are_found() -> None:
    rng, truth = np.random.default_rng(0), Calibration(0.7, -2.0)
    score = rng.normal(0, 2, 50_000)
    calibration = calibrate(score, rng.random(len(score)) < truth.probability(score))
    assert calibration is not None
    assert (calibration.slope, calibration.offset) == (pytest.approx(0.7, abs=0.03), pytest.approx(-2.0, abs=0.05))


def test_no_probability_comes_of_scores_that_say_nothing_or_the_opposite() -> None:
    score = np.linspace(-1, 1, 100)
    assert calibrate(score, score < 0) is None
    assert calibrate(score, np.ones(100, bool)) is None


def test_scores_that_part_the_cases_wholly_leave_a_doubt_and_what_has_no_score_is_left_out() -> None:
    calibration = calibrate([-np.inf, -1.0, -1.0, 1.0, 1.0], [True, False, False, True, True])
    assert calibration is not None
    assert calibration.probability([-1.0, 1.0]) == pytest.approx([1 / 4, 3 / 4], abs=0.01)
