"""Time that is held back from training: what was bought in it says how far the network is to be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from torch import Tensor

from holley_graph.counting.utility import Counted
from holley_graph.evaluation.targets import RankingTask, future_choices
from holley_graph.model.architectures.likelihood import log_normaliser, scores_of
from holley_graph.model.inference.trained import TrainedModel
from holley_graph.model.training.fit import Validate
from holley_graph.snapshot.snapshot import ORDERED, Snapshot
from holley_graph.times import DAY

WINDOW_DAYS = 30
ENOUGH_PURCHASES = 1_000
"""Purchases of a window from which on a choice may rest on it."""
FEWEST_TEST_USERS = 20
"""Buyers below which nothing is measured."""
LEAST_TRUST = 0.05
"""Scale below which vectors are not shrunk: similarity needs a direction, and so little changes no ranking."""


@dataclass(frozen=True)
class HeldBack:
    """Time that is held back from what may be learned from.

    Attributes:
        task: what was bought in it.
        early: what was known before it.
    """

    task: RankingTask
    early: Snapshot

    @property
    def purchases(self) -> int:
        """How many purchases the window has that a ranker can be asked for."""
        return int(self.task.is_target.sum())

    @property
    def enough(self) -> bool:
        """Whether a choice may rest on it."""
        return self.purchases >= ENOUGH_PURCHASES


def hold_back(past: Snapshot) -> HeldBack:
    """Hold back the newest window with enough purchases; where there is none, the one with the most.

    After the boundary purchases are known from events alone, and few owners have any: it can lie months back.
    """
    purchases = _purchases_by_window(past)
    enough = np.flatnonzero(purchases >= 2 * ENOUGH_PURCHASES)  # about half of them can be asked for
    back = int(enough[0] if len(enough) else np.argmax(purchases)) + 1
    cut = past.as_of - back * WINDOW_DAYS * DAY
    return HeldBack(future_choices(past, cut, WINDOW_DAYS), past.before(cut))


def _purchases_by_window(past: Snapshot) -> npt.NDArray[np.int64]:
    """[windows] purchases that fit the buyer's vehicle, newest window first; the oldest has nothing before it."""
    fits = past.fitment(past.user_vehicle[past.event("user")], past.event("product")) >= 0
    at = past.event("at")
    window = (past.as_of - 1 - at) // (WINDOW_DAYS * DAY)
    last = max(int(window.max(initial=0)), 1)
    return np.bincount(window[fits & (past.event("kind") == ORDERED)], minlength=last)[:last]


def validator(held: HeldBack) -> Validate:
    """Measure how likely vectors, on top of counting, find what people bought in the window.

    The mean logarithm, in nats, of the probability of each purchase among the candidates, by the softmax of the
    scores.
    """
    loss = _loss(held)

    def value(q: Float[Tensor, "vehicles dim"], z: Float[Tensor, "products dim"], counted: Counted) -> float:
        return -loss(counted.popularity, counted.lift, q, z)(1.0)

    return value


def trust(held: HeldBack, trained: TrainedModel) -> float:
    """Find how far the network is trusted beside counting: the scale of its vectors that predicts the window best.

    Between `LEAST_TRUST`, where counting alone ranks, and 1. Where too few people bought anything, it is the least.
    """
    if len(held.task.user) < FEWEST_TEST_USERS:
        return LEAST_TRUST
    loss = _loss(held)(trained.popularity.numpy(), trained.lift.numpy(), trained.q, trained.z)
    return float(minimize_scalar(loss, bounds=(LEAST_TRUST, 1.0), method="bounded").x)


def _loss(held: HeldBack) -> Callable[..., Callable[[float], float]]:
    """Prepare the mean negative log likelihood of the window's purchases, by the scale of the vectors."""
    task, early = held.task, held.early
    owner, bought = torch.from_numpy(task.owner), torch.from_numpy(np.flatnonzero(task.is_target))
    fitment = early.fitment(task.vehicle[task.owner], task.candidate)

    def by_scale(
        popularity: Float[np.ndarray, " products"],
        lift: Float[np.ndarray, " fitments"],
        q: Float[Tensor, "vehicles dim"],
        z: Float[Tensor, "products dim"],
    ) -> Callable[[float], float]:
        counted = torch.from_numpy(popularity[task.candidate] + lift[fitment])
        learned = scores_of(task.offsets, task.candidate, z)(q[task.vehicle])

        def loss(scale: float) -> float:
            score = counted + scale * learned
            level = log_normaliser(score, owner, len(task.user))
            return float((level[owner[bought]] - score[bought]).mean())

        return loss

    return by_scale
