"""What a run is measured on: purchases in time that was held back, beside popularity among what fits."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from holley_graph.embeddings import table
from holley_graph.evaluation import metrics, popularity, scoring
from holley_graph.evaluation.calibration import Calibration, calibrate, reliability
from holley_graph.evaluation.targets import DAY, RankingTask, future_purchases
from holley_graph.model.fit import Validate
from holley_graph.model.likelihood import log_normaliser
from holley_graph.snapshot.snapshot import Snapshot

WINDOW_DAYS = 30
FEWEST_TEST_USERS = 20
FLATTEST = -4.0
"""Logarithm of the least that scores are multiplied by to become log odds."""


def last_days(past: Snapshot) -> tuple[RankingTask, Snapshot]:
    """Hold the last days of what may be learned from back: the task of them, and what was known before."""
    cut = past.as_of - WINDOW_DAYS * DAY
    return future_purchases(past, cut, WINDOW_DAYS), past.before(cut)


def calibration(tables: table.Tables, past: Snapshot, task: RankingTask) -> dict[str, float] | None:
    """Fit what makes a score the probability that somebody who buys within the window buys this part.

    Args:
        tables: of a run that knows nothing of the window.
        past: knows the window, and nothing after it.
        task: of the window.

    Returns:
        A `Calibration` as a manifest keeps it; none where scores say nothing of purchases.
    """
    found = calibrate(scoring.scores(tables, past, task), task.is_target)
    return None if found is None else asdict(found)


def compare(
    tables: table.Tables,
    full: Snapshot,
    past: Snapshot,
    task: RankingTask,
    calibrated: dict[str, float] | None = None,
) -> dict[str, Any] | None:
    """Measure a run against popularity among what fits, on the same users.

    Args:
        tables: of the run.
        full: knows the window of the task.
        past: does not.
        task: who is asked about.
        calibrated: fitted on other time; none: nothing is said of probabilities.
    """
    if not len(task.user):
        return None
    ours, theirs = scoring.scores(tables, full, task), popularity.scores(task, past)
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


def validator(task: RankingTask) -> Validate:
    """Say how likely a population finds what people bought in the window, for `fit`.

    The mean logarithm, in nats, of the probability of each purchase among the candidates, by the softmax of the
    scores. Of losses that leave scores on a scale of their own they are flattened to what suits best; they are not
    sharpened, for scores that are too flat have more to learn. Every place of a list counts, so that the value
    sways less from step to step than one of the first places alone.
    """
    owner, candidate = torch.from_numpy(task.owner), torch.from_numpy(task.candidate)
    vehicle, bought = torch.from_numpy(task.vehicle)[owner], torch.from_numpy(np.flatnonzero(task.is_target))

    def value(q: Tensor, z: Tensor, newest: Tensor) -> float:
        score = (q[vehicle] * z[candidate]).sum(1) + newest[candidate]

        def surprise(sharpness: float) -> float:
            sharpened = score * math.exp(sharpness)
            level = log_normaliser(sharpened, owner, len(task.user))
            return float((level[owner[bought]] - sharpened[bought]).mean())

        return -float(minimize_scalar(surprise, bounds=(FLATTEST, 0.0), method="bounded").fun)

    return value
