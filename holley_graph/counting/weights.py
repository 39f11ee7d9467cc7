"""How much a view, a cart and an order count as a choice, estimated from the data.

The events of everybody but the hidden people (`hidden`) are counted with some weights. The counts say how likely
each hidden cart and order was in its days, among the parts that fit the vehicle. The logarithm of each weight has a
normal prior around `events.KIND_WEIGHTS`. A search finds where prior and likelihood are greatest.

Part types are drawn until their parts have `MAX_FITMENTS`, so that the cost does not grow with the shop.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.optimize import minimize

from holley_graph.counting import levels
from holley_graph.counting.events import KIND_WEIGHTS
from holley_graph.counting.hidden import hide
from holley_graph.counting.utility import count
from holley_graph.snapshot.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
PRIOR = np.array(KIND_WEIGHTS)
SPREAD = 0.4
"""Standard deviation of the prior, in the logarithm of a weight."""
FIRST_STEP = 0.4
"""Of the search, in the logarithm of a weight."""
MAX_COUNTS = 16
MAX_FITMENTS = 100_000


@dataclass(frozen=True)
class KindWeights:
    """How much each kind of event counts as a choice.

    Attributes:
        viewed, carted, ordered: the weights.
        choices: hidden carts and orders that they rest on; 0: too few, and the weights are the prior's.
    """

    viewed: float = KIND_WEIGHTS[0]
    carted: float = KIND_WEIGHTS[1]
    ordered: float = KIND_WEIGHTS[2]
    choices: int = 0

    @property
    def of_kinds(self) -> tuple[float, float, float]:
        """In the order of `KINDS` of a snapshot."""
        return self.viewed, self.carted, self.ordered


def estimate(snapshot: Snapshot) -> KindWeights:
    """Estimate the weights from what some people's events say of other people's carts and orders."""
    hidden = hide(_some_part_types(snapshot))
    if not hidden.enough:
        return KindWeights()
    # the first weights say how fast the trend moves
    groups = levels.groups(hidden.rest)
    processes = count(hidden.rest, KIND_WEIGHTS, groups=groups).trend.processes

    def loss(moved: Floats) -> float:
        counted = count(hidden.rest, (PRIOR * np.exp(moved)).tolist(), processes, groups)
        nats = hidden.nats(counted.at(hidden.fitment, hidden.candidate_bin))
        return float((moved**2).sum() / (2 * SPREAD**2)) - nats

    simplex = np.vstack([np.zeros(3), FIRST_STEP * np.eye(3)])
    options = {"initial_simplex": simplex, "maxfev": MAX_COUNTS, "xatol": 0.1, "fatol": 0.5}
    best = minimize(loss, simplex[0], method="Nelder-Mead", options=options)
    viewed, carted, ordered = (PRIOR * np.exp(best.x)).tolist()
    return KindWeights(viewed, carted, ordered, len(hidden.chosen))


def _some_part_types(snapshot: Snapshot) -> Snapshot:
    """Keep parts of some types, drawn by chance: each part keeps all of its events."""
    part_type = levels.product_groups(snapshot)["part_type"]
    order = np.random.default_rng(0).permutation(len(part_type.keys))
    size = np.bincount(part_type.rows[snapshot.fits[:, 1]], minlength=len(part_type.keys))
    kept_types = np.zeros(len(part_type.keys), bool)
    kept_types[order[np.cumsum(size[order]) <= MAX_FITMENTS]] = True
    drawn = kept_types[part_type.rows]
    return replace(
        snapshot,
        fits=snapshot.fits[drawn[snapshot.fits[:, 1]]],
        events=snapshot.events.filter(pa.array(drawn[snapshot.event("product")])),
    )
