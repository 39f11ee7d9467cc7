"""What owners of a vehicle choose among the parts that fit, as a product of effects with estimated priors.

The choices n_vp of product p by owners of vehicle v are Poisson with mean

    μ_vp = N_v · Π_l θ_l,c(v,p) / Σ_p' Π_l θ_l,c(v,p')        N_v: all choices of the vehicle's owners

with one effect θ for each cell c of each level l of `levels.PAIRS`. A cell's effect is Gamma with mean m_c and
strength a_l. Given all other effects, its counts are negative binomial, and a_l is where their likelihood is
greatest (empirical Bayes; Gelman et al., "Bayesian Data Analysis", ch. 2 and 5). The posterior mean is

    θ = m_c (n_c + a_l) / (m_c e_c + a_l)                      e_c: what all other effects expect of the cell

m is 1 unless names say otherwise (`likeness`). Levels are fitted in turn, a few rounds (backfitting). A level that
tells nothing gets a large strength and effects of 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from scipy.special import gammaln

from holley_graph.counting import likeness
from holley_graph.counting.levels import Cells
from holley_graph.snapshot.snapshot import Ints, Snapshot

Floats = npt.NDArray[np.float64]
ROUNDS = 5
HEARD = 3
"""Round from which names are heard: what is counted is known by then."""
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
        weight: of each level, [cells] what a group counts towards one of a like name, r / c of `likeness`.
    """

    cells: list[Cells]
    log: list[Floats]
    strength: list[float]
    weight: list[Floats]

    def summed(self, levels: slice = slice(None)) -> Floats:
        """[fitments] the sum of ln θ over some levels."""
        parts = [log[cells.rows] for log, cells in zip(self.log[levels], self.cells[levels], strict=True)]
        total: Floats = np.sum(parts, axis=0)
        return total


def fit(
    snapshot: Snapshot, cells: list[Cells], choices: Floats, alike: Mapping[int, csr_matrix] | None = None
) -> Effects:
    """Fit all levels.

    Args:
        snapshot: whose fitments the cells and choices are laid out by.
        cells: of each level.
        choices: [fitments] weighted number of choices.
        alike: of levels whose groups have names, [groups of products, groups of products] (`levels.Groups.alike`).
    """
    vehicle, alike = snapshot.fits[:, 0], alike or {}
    of_vehicle = np.bincount(vehicle, choices, snapshot.vehicles.num_rows)
    theta = [np.ones(len(level.vehicle)) for level in cells]
    known = [np.zeros(len(level.vehicle)) for level in cells]
    strength, half = [np.nan] * len(cells), [np.inf] * len(cells)
    product = np.ones(len(vehicle))
    for round_ in range(ROUNDS):
        for number, level in enumerate(cells):
            rows, old, mean = level.rows, theta[number], np.ones(len(theta[number]))
            expected = product * (of_vehicle / _sums(vehicle, product, len(of_vehicle)))[vehicle]
            others = np.bincount(rows, expected, len(old)) / old
            counted = np.bincount(rows, choices, len(old)).astype(float)
            if number in alike and (round_ == HEARD or np.isfinite(half[number])):
                about = likeness.sums(level, alike[number], np.log(old), known[number])
                if round_ == HEARD:
                    half[number] = likeness.half(counted, others, strength[number], about)
                mean = np.exp(about[0] / (half[number] + about[1]))
            strength[number] = _strength(counted, mean * others, strength[number])
            known[number] = others / (others + strength[number])
            theta[number] = mean * (counted + strength[number]) / (mean * others + strength[number])
            product = product * (theta[number] / old)[rows]
    weight = [share / c for share, c in zip(known, half, strict=True)]
    return Effects(cells, [np.log(factor) for factor in theta], strength, weight)


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
