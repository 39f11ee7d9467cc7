"""The bootstrap (Efron 1979): how a mean would vary, had other users been asked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.floating] | npt.NDArray[np.integer]
BLOCK = 200
"""Resamples that are held in memory together."""


def resampled(total: Numbers, cases: Numbers, draws: int, seed: int = 0) -> Floats:
    """[draws] the mean over cases, of users drawn with replacement.

    Args:
        total: [users] sum over each user's cases: those of one user stand and fall together.
        cases: [users] how many they are.
        draws: resamples.
        seed: of the draws.
    """
    generator, means = np.random.default_rng(seed), []
    for start in range(0, draws, BLOCK):
        picks = generator.integers(0, len(total), (min(BLOCK, draws - start), len(total)))
        means.append(total[picks].sum(1) / cases[picks].sum(1))
    return np.concatenate(means)


def interval(means: Floats) -> tuple[float, float]:
    """Return the interval that holds 95 % of resampled means."""
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
