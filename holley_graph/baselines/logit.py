"""A conditional logit over counted features (McFadden, 1974): the reference of a statistician.

    P(person chooses p) = exp(x_p · β) / Σ_{p' that fits} exp(x_p' · β)

The x are those of `features`; β maximises the likelihood of the choices before the cut, with a penalty of a few
choices on standardised features.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from holley_graph.baselines import features
from holley_graph.baselines.features import PastChoices
from holley_graph.evaluation.targets import Floats

L2 = 5.0
"""Penalty on a coefficient, in choices."""
STEPS = 100


def fit(seen: PastChoices) -> Floats:
    """[features] the coefficients."""
    spread = np.maximum(seen.features.std(0), 1e-6)
    x = seen.features / spread
    starts = np.cumsum(seen.sizes) - seen.sizes
    chosen = np.where(seen.chosen, seen.weight, 0.0)
    total = np.add.reduceat(chosen, starts)

    def loss(beta: Floats) -> tuple[float, Floats]:
        score = x @ beta.astype(np.float32)
        largest = np.maximum.reduceat(score, starts)
        share = np.exp(score - np.repeat(largest, seen.sizes)).astype(float)
        level = np.add.reduceat(share, starts)
        expected = share * np.repeat(total / level, seen.sizes)
        value = total @ (np.log(level) + largest) - chosen @ score + L2 * beta @ beta / 2
        return float(value), x.T @ (expected - chosen) + L2 * beta

    best = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    beta: Floats = best.x / spread
    return beta


scores = features.ranker(lambda seen, questions: questions @ fit(seen))
