"""Reliability by hand, and of probabilities that are true."""

import numpy as np
import pytest

from holley_graph.evaluation.calibration import reliability


def test_a_worked_example() -> None:
    table = reliability([0.9, 0.1, 0.2, 0.8], [True, False, True, True], bins=2)
    np.testing.assert_allclose(table.said, [0.15, 0.85])
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
