"""Hierarchical shrinkage over year, model and make: the best that counting can do, in closed form.

The orders of product p by owners of vehicles in a group g are Poisson with mean E_gp · λ_gp, where the exposure
E_gp is the number of all orders of those owners whose vehicle p fits. The rate λ_gp is Gamma with the mean of the
group above (everybody, make, model, the vehicle itself) and strength τ per level; its posterior mean is served:

    λ_gp = (n_gp + τ λ_parent,p) / (E_gp + τ)

τ maximises the marginal likelihood of the level (empirical Bayes; Gelman et al., "Bayesian Data Analysis", ch. 2).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from holley_graph.counting.effects import log_shares
from holley_graph.counting.utility import forecast
from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import ORDERED, Ints, Snapshot

Floats = npt.NDArray[np.float64]
STRENGTHS = 2.0 ** np.arange(-2, 15)
"""Orders that a parent may be worth."""
TINY = 1e-12
"""Orders per order where nobody ordered anything."""


def scores(task: RankingTask, past: Snapshot) -> Floats:
    """Score each candidate by the rate at which owners of its vehicle buy it, shrunk to model, make and everybody.

    Args:
        task: candidates, rows of the same catalogue as `past`.
        past: the snapshot cut at the task's time.

    Returns:
        [candidates] orders per order.
    """
    score: Floats = rates(past)[past.fitment(task.vehicle[task.owner], task.candidate)]
    return score


def trending(task: RankingTask, past: Snapshot) -> Floats:
    """Score each candidate by its shrunk rate times the trend of its product, from everybody's events.

    Args:
        task: candidates, rows of the same catalogue as `past`.
        past: the snapshot cut at the task's time.

    Returns:
        [candidates] log rates.
    """
    rate = np.log(rates(past) + TINY)
    moved: Floats = rate + forecast(past, log_shares(past, rate))[past.fits[:, 1]]
    return moved[past.fitment(task.vehicle[task.owner], task.candidate)]


def rates(past: Snapshot) -> Floats:
    """[fitments] the shrunk rate of every pair of vehicle and fitting product."""
    vehicle, product = past.fits[:, 0], past.fits[:, 1]
    count = _orders(past)
    exposure = _sums(vehicle, count, past.vehicles.num_rows)[vehicle]
    total = _sums(product, exposure, past.products.num_rows)
    ordered = _sums(product, count, past.products.num_rows)
    everywhere = np.full(past.products.num_rows, count.sum() / max(exposure.sum(), 1))
    rate = _shrink(ordered, total, everywhere)[product]
    for group in _groups(past):
        key, cell = np.unique(group[vehicle] * past.products.num_rows + product, return_inverse=True)
        parent = np.zeros(len(key))
        parent[cell] = rate
        rate = _shrink(_sums(cell, count, len(key)), _sums(cell, exposure, len(key)), parent)[cell]
    return rate


def _orders(past: Snapshot) -> Floats:
    """[fitments] orders of each pair by owners of the vehicle."""
    ordered = past.event("kind") == ORDERED
    vehicle, product = past.user_vehicle[past.event("user")[ordered]], past.event("product")[ordered]
    row = past.fitment(vehicle, product)
    return np.bincount(row[row >= 0], minlength=len(past.fits)).astype(float)


def _groups(past: Snapshot) -> list[Ints]:
    """[vehicles] make, model and the vehicle itself as numbers, from wide to narrow."""
    make, model = (past.vehicles.column(c).to_numpy(zero_copy_only=False).astype(str) for c in ("make", "model"))
    makes = np.unique(make, return_inverse=True)[1]
    models = np.unique(np.char.add(np.char.add(make, "|"), model), return_inverse=True)[1]
    return [makes, models, np.arange(past.vehicles.num_rows)]


def _sums(group: Ints, values: Floats, groups: int) -> Floats:
    return np.bincount(group, values, groups).astype(float)


def _shrink(count: Floats, exposure: Floats, parent: Floats) -> Floats:
    strength = max(STRENGTHS, key=lambda strength: _evidence(count, exposure, parent, strength))
    shrunk: Floats = (count + strength * parent) / (exposure + strength)
    return shrunk


def _evidence(count: Floats, exposure: Floats, parent: Floats, strength: float) -> float:
    """Log marginal likelihood of Poisson counts under Gamma rates, up to what does not depend on `strength`."""
    seen = exposure > 0
    n, e, shape = count[seen], exposure[seen], np.maximum(strength * parent[seen], 1e-9)
    value = (
        gammaln(shape + n) - gammaln(shape) + shape * np.log(strength / (strength + e)) - n * np.log(strength + e)
    )
    return float(value.sum())
