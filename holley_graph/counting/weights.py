"""How much a view, a cart and an order count as a choice, estimated from the data.

The events of a fifth of the people are hidden. The events of all others are counted with some weights. The
counts say how likely each hidden cart and order was in its days, among the parts that fit the vehicle. The
logarithm of each weight has a normal prior around `events.KIND_WEIGHTS`. A search finds where prior and
likelihood are greatest.

Part types are drawn until their parts have `MAX_FITMENTS`, so that the cost does not grow with the shop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.optimize import minimize

from holley_graph.counting import levels
from holley_graph.counting.effects import log_shares
from holley_graph.counting.events import KIND_WEIGHTS, distinct, trend_bins
from holley_graph.counting.trend import Process
from holley_graph.counting.utility import count
from holley_graph.snapshot.snapshot import VIEWED, Snapshot

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
PRIOR = np.array(KIND_WEIGHTS)
SPREAD = 0.4
"""Standard deviation of the prior, in the logarithm of a weight."""
FIRST_STEP = 0.4
"""Of the search, in the logarithm of a weight."""
MAX_COUNTS = 16
HIDDEN_SHARE = 0.2
MAX_FITMENTS = 100_000
FEWEST_CHOICES = 50
"""Hidden choices below which nothing is estimated."""


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
    sample = _some_part_types(snapshot)
    hidden = _hidden(sample)[sample.event("user")]
    rest = replace(sample, events=sample.events.filter(pa.array(~hidden)))
    chosen = replace(sample, events=sample.events.filter(pa.array(hidden & (sample.event("kind") != VIEWED))))
    judge = _Judge(rest, chosen)
    if judge.choices < FEWEST_CHOICES:
        return KindWeights()

    def loss(moved: Floats) -> float:
        return float((moved**2).sum() / (2 * SPREAD**2)) - judge.nats(PRIOR * np.exp(moved))

    simplex = np.vstack([np.zeros(3), FIRST_STEP * np.eye(3)])
    options = {"initial_simplex": simplex, "maxfev": MAX_COUNTS, "xatol": 0.1, "fatol": 0.5}
    best = minimize(loss, simplex[0], method="Nelder-Mead", options=options)
    viewed, carted, ordered = (PRIOR * np.exp(best.x)).tolist()
    return KindWeights(viewed, carted, ordered, judge.choices)


class _Judge:
    """How likely some choices are, by what is counted of other people.

    Args:
        rest: what is counted.
        chosen: its events are the choices.
    """

    def __init__(self, rest: Snapshot, chosen: Snapshot) -> None:
        self._rest, self._bins = rest, trend_bins(rest)
        events = distinct(chosen)
        usable = (events.fitment >= 0) & (events.bin < self._bins)
        self._fitment, self._bin = events.fitment[usable], events.bin[usable]
        self._processes: Sequence[Process] | None = None
        self.choices = len(self._fitment)

    def nats(self, weights: Floats) -> float:
        """Log likelihood of the choices, with these weights of a view, a cart and an order."""
        counted, everything = count(self._rest, weights.tolist(), self._processes), np.arange(len(self._rest.fits))
        self._processes = counted.trend.processes  # the first weights say how fast the trend moves
        total = 0.0
        for time_bin in np.unique(self._bin):
            utility = counted.at(self._rest, everything, np.full(len(everything), time_bin))
            total += float(log_shares(self._rest, utility)[self._fitment[self._bin == time_bin]].sum())
        return total


def _hidden(snapshot: Snapshot) -> Mask:
    """[users] whether a user is hidden; all ids of a person are, or none is."""
    users = snapshot.users
    person = users["person"].to_numpy() if "person" in users.column_names else np.arange(users.num_rows)
    drawn = np.random.default_rng(0).random(int(person.max(initial=0)) + 1) < HIDDEN_SHARE
    return np.asarray(drawn[person], bool)


def _some_part_types(snapshot: Snapshot) -> Snapshot:
    """Keep parts of some types, drawn by chance: each part keeps all of its events."""
    part_type = levels.product_groups(snapshot)["part_type"]
    order = np.random.default_rng(0).permutation(len(part_type.keys))
    size = np.bincount(part_type.rows[snapshot.fits[:, 1]], minlength=len(part_type.keys))
    kept_types = np.zeros(len(part_type.keys), bool)
    kept_types[order[np.cumsum(size[order]) <= MAX_FITMENTS]] = True
    kept = kept_types[part_type.rows]
    return replace(
        snapshot,
        fits=snapshot.fits[kept[snapshot.fits[:, 1]]],
        events=snapshot.events.filter(pa.array(kept[snapshot.event("product")])),
    )
