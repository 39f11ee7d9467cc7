"""What a run is measured on: purchases in time that was held back, beside popularity among what fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from holley_graph.counting.utility import Counted
from holley_graph.embeddings import table
from holley_graph.evaluation import metrics, popularity, scoring
from holley_graph.evaluation.calibration import Calibration, calibrate, reliability
from holley_graph.evaluation.targets import RankingTask, future_choices
from holley_graph.model.data import Floats
from holley_graph.model.fit import TrainedModel, Validate
from holley_graph.model.likelihood import log_normaliser
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


def calibration(tables: table.Tables, early: Snapshot, task: RankingTask) -> dict[str, float] | None:
    """Fit what makes a score the probability that somebody who buys within the window buys this part.

    Args:
        tables: of a run that knows nothing of the window.
        early: what was known before it.
        task: of the window.

    Returns:
        A `Calibration` as a manifest keeps it; none where scores say nothing of purchases.
    """
    found = calibrate(scoring.scores(tables, early, task), task.is_target)
    return None if found is None else asdict(found)


def compare(
    tables: table.Tables,
    past: Snapshot,
    task: RankingTask,
    calibrated: dict[str, float] | None = None,
) -> dict[str, Any] | None:
    """Measure a run against popularity among what fits, on the same users.

    Args:
        tables: of the run.
        past: what was known before the window of the task.
        task: who is asked about.
        calibrated: fitted on other time; none: nothing is said of probabilities.
    """
    if not len(task.user):
        return None
    ours, theirs = scoring.scores(tables, past, task), popularity.scores(task, past)
    ranked = [metrics.ranks(task, values) for values in (ours, theirs)]
    mrr = [metrics.per_user(task, position, 4)["MRR@4"] for position in ranked]
    return {
        "users": len(task.user),
        "warm_users": int(task.warm.sum()),
        "days": WINDOW_DAYS,
        "run": metrics.summary(task, ours),
        "popularity": metrics.summary(task, theirs),
        "MRR@4 over popularity": metrics.lift(task, mrr[0], mrr[1]),
        "calibration": calibrated and _reliable(Calibration(**calibrated).probability(ours), task),
    }


def _reliable(said: Any, task: RankingTask) -> dict[str, float]:
    found = reliability(said, task.is_target)
    return {
        "said": round(float(said.mean()), 5),
        "happened": round(float(task.is_target.mean()), 5),
        "error": round(found.error, 5),
    }


def validator(held: HeldBack) -> Validate:
    """Measure how likely vectors, on top of counting, find what people bought in the window.

    The mean logarithm, in nats, of the probability of each purchase among the candidates, by the softmax of the
    scores.
    """
    loss = _loss(held)

    def value(q: Tensor, z: Tensor, counted: Counted) -> float:
        return -loss(counted.popularity, counted.lift, q, z)(1.0)

    return value


def trust(held: HeldBack, fitted: TrainedModel) -> float:
    """How far the network is trusted beside counting: the scale of its vectors that predicts the window best.

    Between `LEAST_TRUST`, where counting alone ranks, and 1. Where too few people bought anything, it is the least.
    """
    if len(held.task.user) < FEWEST_TEST_USERS:
        return LEAST_TRUST
    loss = _loss(held)(fitted.popularity.numpy(), fitted.lift.numpy(), fitted.q, fitted.z)
    return float(minimize_scalar(loss, bounds=(LEAST_TRUST, 1.0), method="bounded").x)


def _loss(held: HeldBack) -> Callable[..., Callable[[float], float]]:
    """Prepare the mean negative log likelihood of the window's purchases, by the scale of the vectors."""
    task, early = held.task, held.early
    owner, candidate = torch.from_numpy(task.owner), torch.from_numpy(task.candidate)
    vehicle, bought = torch.from_numpy(task.vehicle)[owner], torch.from_numpy(np.flatnonzero(task.is_target))
    fitment = early.fitment(task.vehicle[task.owner], task.candidate)

    def by_scale(popularity: Floats, lift: Floats, q: Tensor, z: Tensor) -> Callable[[float], float]:
        counted = torch.from_numpy(popularity[task.candidate] + lift[fitment])
        learned = (q[vehicle] * z[candidate]).sum(1)

        def loss(scale: float) -> float:
            score = counted + scale * learned
            level = log_normaliser(score, owner, len(task.user))
            return float((level[owner[bought]] - score[bought]).mean())

        return loss

    return by_scale
