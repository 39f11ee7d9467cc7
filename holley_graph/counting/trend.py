"""What is wanted now: log ratios of part types and products to what their effects expect, moving through time.

Counts of everybody's events in bins of a few days are Poisson, y_t ~ Poisson(E_t · exp(x_t)), where E_t is what the
effects expect of the bin. x is an Ornstein–Uhlenbeck process around 0 with standard deviation σ and time constant
τ. A Kalman filter with a Laplace approximation of each update (Durbin & Koopman, "Time Series Analysis by State
Space Methods", ch. 10) follows it, and σ and τ are where the filter's marginal likelihood is greatest. Part types
come first; products follow what their types leave.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from holley_graph.snapshot.snapshot import Ints

Floats = npt.NDArray[np.float64]
NEWTON_STEPS = 8
FURTHEST = 2.0
"""Of one Newton step, in log ratio."""
START = (0.1, 60.0)
"""Variance and time constant (days) that the search begins with."""
LEAST, MOST = (1e-4, 4.0), (4.0, 2_000.0)
"""Bounds of both."""


@dataclass(frozen=True)
class Process:
    """An Ornstein–Uhlenbeck process.

    Attributes:
        variance: of its stationary distribution.
        days: time constant.
    """

    variance: float
    days: float

    def kept(self, days: float) -> float:
        """Share of a deviation that is left after so many days."""
        return float(np.exp(-days / self.days))


@dataclass(frozen=True)
class Track:
    """What the filter makes of some series.

    Attributes:
        mean: [bins, series] smoothed log ratio, oldest first.
        newest: [series] filtered log ratio of the newest bin.
        likelihood: marginal log likelihood, up to what does not depend on the process.
    """

    mean: Floats
    newest: Floats
    likelihood: float


@dataclass(frozen=True)
class Trend:
    """How much more than usual each product is wanted.

    Attributes:
        path: [bins, products] log ratio, oldest first.
        forecasts: of each grouping, [groups] log ratio at the time that was asked about; a product's is their sum.
        processes: of each grouping, wide ones first.
    """

    path: Floats
    forecasts: list[Floats]
    processes: list[Process]


def fit(
    counts: Floats,
    expected: Floats,
    groupings: list[Ints],
    bin_days: float,
    ahead_days: float,
    known: Sequence[Process] | None = None,
) -> Trend:
    """Follow products through time, by one grouping after the other.

    Args:
        counts: [bins, products] weighted events, oldest bin first.
        expected: [bins, products] what the effects expect.
        groupings: each [products] group of each product, wide ones first.
        bin_days: length of a bin.
        ahead_days: from the end of the newest bin to the time of the forecast.
        known: the processes, one for each grouping; none: they are estimated.
    """
    path, forecasts, processes = np.zeros(counts.shape), [], []
    for number, group in enumerate(groupings):
        into = csr_matrix((np.ones(len(group)), (np.arange(len(group)), group)))
        seen, wanted = counts @ into, (expected * np.exp(path)) @ into
        process = known[number] if known else estimate(seen, wanted, bin_days)
        track = follow(seen, wanted, process, bin_days)
        path += track.mean[:, group]
        forecasts.append(process.kept(ahead_days) * track.newest)
        processes.append(process)
    return Trend(path, forecasts, processes)


def estimate(counts: Floats, expected: Floats, bin_days: float) -> Process:
    """Find the process whose marginal likelihood is greatest."""

    def loss(logs: Floats) -> float:
        return -follow(counts, expected, _process(logs), bin_days, smooth=False).likelihood

    best = minimize(loss, np.log(START), method="Nelder-Mead", options={"xatol": 0.05, "fatol": 0.5, "maxiter": 80})
    return _process(best.x)


def follow(counts: Floats, expected: Floats, process: Process, bin_days: float, *, smooth: bool = True) -> Track:
    """Filter some series, and smooth them backwards (Rauch, Tung & Striebel, 1965).

    Args:
        counts: [bins, series].
        expected: [bins, series].
        process: of all series.
        bin_days: length of a bin.
        smooth: whether `mean` is wanted; else it is the filtered one.
    """
    decay, bins = process.kept(bin_days), len(counts)
    mean, variance = np.zeros(counts.shape[1]), np.full(counts.shape[1], process.variance)
    means, variances, predicted = np.empty(counts.shape), np.empty(counts.shape), np.empty(counts.shape)
    likelihood = 0.0
    for t in range(bins):
        if t:
            mean, variance = decay * mean, decay**2 * variance + process.variance * (1 - decay**2)
        predicted[t] = variance
        prior = mean
        for _ in range(NEWTON_STEPS):
            rate = expected[t] * np.exp(mean)
            step = ((mean - prior) / variance + rate - counts[t]) / (1 / variance + rate)
            mean = mean - np.clip(step, -FURTHEST, FURTHEST)
        rate = expected[t] * np.exp(mean)
        fit_of_bin = counts[t] * mean - rate - (mean - prior) ** 2 / (2 * variance)
        likelihood += float((fit_of_bin - np.log1p(variance * rate) / 2).sum())
        variance = 1 / (1 / variance + rate)
        means[t], variances[t] = mean, variance
    newest = mean
    if smooth:
        for t in range(bins - 2, -1, -1):
            gain = variances[t] * decay / predicted[t + 1]
            means[t] += gain * (means[t + 1] - decay * means[t])
    return Track(means, newest, likelihood)


def _process(logs: Floats) -> Process:
    variance, days = np.clip(np.exp(np.clip(logs, -20, 20)), LEAST, MOST)
    return Process(float(variance), float(days))
