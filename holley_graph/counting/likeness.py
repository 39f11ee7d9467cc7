"""What groups of products with like names say of a group of which little or nothing is known.

The prior of an effect θ of a group of products t, among the vehicles of a group v, has the mean m instead of 1:

    ln m_vt = Σ_s k_ts r_vs ln θ_vs / (c + Σ_s k_ts r_vs)        s: all other groups of products

k is the likeness of two names: the cosine of their words, a word the heavier the fewer names have it. r = e/(e + a)
is how much of θ_vs is known from choices, and c how much likeness it takes until the others count for half. It is
estimated as the priors are: each group is predicted from all others, and c is where the negative binomial
likelihood of its choices is greatest. Where that gains less than one more number has to (the Bayesian information
criterion; Schwarz, "Estimating the Dimension of a Model", 1978), names say nothing: c is infinite, and m is 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from holley_graph.counting.levels import Cells, Grouping, Keys
from holley_graph.counting.titles import likeness
from holley_graph.keys import find_text

Floats = npt.NDArray[np.float64]
Pairs = tuple[Keys, Keys]
HALVES = tuple(0.01 * 3.0**power for power in range(9))
"""What is tried as c."""


def sums(cells: Cells, alike: csr_matrix, log: Floats, known: Floats) -> tuple[Floats, Floats]:
    """Sum over the other groups of products, among the same vehicles.

    Args:
        cells: of a level.
        alike: [groups of products, groups of products] likeness of each to all others.
        log: [cells] ln θ.
        known: [cells] r.

    Returns:
        [cells] Σ k r ln θ, and Σ k r.
    """
    shape = (int(cells.vehicle.max(initial=-1)) + 1, alike.shape[0])

    def summed(values: Floats) -> Floats:
        spread = csr_matrix((values, (cells.vehicle, cells.product)), shape) @ alike.T
        total: Floats = spread.toarray()[cells.vehicle, cells.product]
        return total

    return summed(known * log), summed(known)


def half(counted: Floats, expected: Floats, strength: float, about: tuple[Floats, Floats]) -> float:
    """Estimate c of a level, infinite where names say nothing.

    Args:
        counted: [cells] choices.
        expected: [cells] what all other effects expect of the cell.
        strength: a of the level.
        about: what `sums` returns.
    """

    def nats(candidate: float) -> float:
        log_mean = about[0] / (candidate + about[1])
        ratio = (strength + expected * np.exp(log_mean)) / (strength + expected)
        return float((counted * log_mean - (counted + strength) * np.log(ratio)).sum())

    gains = [nats(candidate) for candidate in HALVES]
    best = int(np.argmax(gains))
    return HALVES[best] if gains[best] > np.log(max(len(counted), 2)) / 2 else np.inf


def of_unseen(vehicles: Grouping, products: Grouping, value: Floats, weight: Floats, wanted: Pairs) -> Floats:
    """[wanted] ln m of cells that were not counted.

    Args:
        vehicles: groups of vehicles of the cells that were counted.
        products: groups of products of these.
        value: [counted cells] ln θ.
        weight: [counted cells] r / c.
        wanted: [wanted] keys of the group of vehicles, and of the group of products.
    """
    names, name = np.unique(wanted[1], return_inverse=True)
    alike = likeness(names, products.keys).T
    there = find_text(vehicles.keys, wanted[0])

    def summed(values: Floats) -> Floats:
        shape = (len(vehicles.keys), len(products.keys))
        spread = csr_matrix((values, (vehicles.rows, products.rows)), shape) @ alike
        total: Floats = spread.toarray()[there, name]
        return total

    return np.where(there >= 0, summed(weight * value) / (1 + summed(weight)), 0.0)
