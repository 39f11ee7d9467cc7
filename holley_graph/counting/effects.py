"""What owners of a vehicle choose among the parts that fit, as a product of effects with estimated priors.

The choices n_vp of product p by owners of vehicle v are Poisson with mean

    μ_vp = N_v · Π_l θ_l,c(v,p) / Σ_p' Π_l θ_l,c(v,p')        N_v: all choices of the vehicle's owners

with one effect θ for each cell c of each level l of `levels.PAIRS`. A cell's effect is Gamma with mean 1 and
strength a_l. Given all other effects, its counts are negative binomial, and a_l is where their likelihood is
greatest (empirical Bayes; Gelman et al., "Bayesian Data Analysis", ch. 2 and 5). The posterior mean is

    θ = (n_c + a_l) / (e_c + a_l)                              e_c: what all other effects expect of the cell

Levels are fitted in turn, a few rounds (backfitting). A level that tells nothing gets a large strength and effects
of 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from holley_graph.counting.levels import Cells
from holley_graph.snapshot.snapshot import Ints, Snapshot

Floats = npt.NDArray[np.float64]
ROUNDS = 5
WEAKEST, STRONGEST = -3.0, 12.0
"""Logarithms of the least and the greatest strength of a prior, in choices."""
NEAR = 1.5
"""How far a strength may move from one round to the next, in its logarithm."""
TINY = 1e-9


@dataclass(frozen=True)
class Effects:
    """The fitted effects.

    Attributes:
        cells: of each level.
        log: of each level, [cells] ln θ.
        strength: of each level, the a of its prior, in choices.
    """

    cells: list[Cells]
    log: list[Floats]
    strength: list[float]

    def summed(self, levels: slice = slice(None)) -> Floats:
        """[fitments] the sum of ln θ over some levels."""
        parts = [log[cells.rows] for log, cells in zip(self.log[levels], self.cells[levels], strict=True)]
        total: Floats = np.sum(parts, axis=0)
        return total


def fit(snapshot: Snapshot, cells: list[Cells], choices: Floats) -> Effects:
    """Fit all levels.

    Args:
        snapshot: whose fitments the cells and choices are laid out by.
        cells: of each level.
        choices: [fitments] weighted number of choices.
    """
    vehicle = snapshot.fits[:, 0]
    of_vehicle = np.bincount(vehicle, choices, snapshot.vehicles.num_rows)
    theta = [np.ones(len(level.vehicle)) for level in cells]
    strength = [np.nan] * len(cells)
    product = np.ones(len(vehicle))
    for _ in range(ROUNDS):
        for number, level in enumerate(cells):
            rows, old = level.rows, theta[number]
            expected = product * (of_vehicle / _sums(vehicle, product, len(of_vehicle)))[vehicle]
            others = np.bincount(rows, expected, len(old)) / old
            counted = np.bincount(rows, choices, len(old)).astype(float)
            strength[number] = _strength(counted, others, strength[number])
            theta[number] = (counted + strength[number]) / (others + strength[number])
            product = product * (theta[number] / old)[rows]
    return Effects(cells, [np.log(factor) for factor in theta], strength)


def log_shares(snapshot: Snapshot, utility: Floats) -> Floats:
    """[fitments] logarithm of the share of a vehicle's choices that falls on each product, from log utilities."""
    vehicle, vehicles = snapshot.fits[:, 0], snapshot.vehicles.num_rows
    largest = np.full(vehicles, -np.inf)
    np.maximum.at(largest, vehicle, utility)
    total = _sums(vehicle, np.exp(utility - largest[vehicle]), vehicles)
    shares: Floats = utility - (largest + np.log(total))[vehicle]
    return shares


def _sums(group: Ints, values: Floats, groups: int) -> Floats:
    return np.maximum(np.bincount(group, values, groups), TINY)


def _strength(counted: Floats, expected: Floats, before: float) -> float:
    """Maximise the marginal likelihood of a level's counts, near the strength of the last round if there is one."""
    seen = expected > TINY
    counted, expected = counted[seen], expected[seen]
    if not len(counted):
        return float(np.exp(STRONGEST))
    low, high = WEAKEST, STRONGEST
    if np.isfinite(before):
        low, high = max(low, np.log(before) - NEAR), min(high, np.log(before) + NEAR)
    some = counted > 0

    def loss(log_strength: float) -> float:
        a = np.exp(log_strength)
        value = (a * np.log(a / (a + expected))).sum() - (counted[some] * np.log(a + expected[some])).sum()
        return -float(value + (gammaln(a + counted[some]) - gammaln(a)).sum())

    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 0.05}).x))
