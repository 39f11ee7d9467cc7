"""The rankers to beat first: what was ordered most, and what everybody looks at now, among what fits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from holley_graph.counting.events import KIND_WEIGHTS
from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import ORDERED, Snapshot
from holley_graph.times import DAY

HALF_LIFE_DAYS = 15
"""Of an event in what is trending."""


def scores(task: RankingTask, past: Snapshot) -> npt.NDArray[np.float64]:
    """Score each candidate by the number of its order events before the cut.

    Args:
        task: candidates, product rows of the same catalogue as `past`.
        past: the snapshot cut at the task's time.

    Returns:
        [candidates] counts.
    """
    orders = past.event("product")[past.event("kind") == ORDERED]
    counts = np.bincount(orders, minlength=past.products.num_rows)
    return counts[task.candidate].astype(float)


def trending(task: RankingTask, past: Snapshot) -> npt.NDArray[np.float64]:
    """Score each candidate by everybody's views, carts and orders, newer ones more.

    Args:
        task: candidates, product rows of the same catalogue as `past`.
        past: the snapshot cut at the task's time.

    Returns:
        [candidates] decayed counts.
    """
    age = (past.as_of - past.event("at")) / (HALF_LIFE_DAYS * DAY)
    weight = np.take(KIND_WEIGHTS, past.event("kind")) * np.exp2(-age)
    counts = np.bincount(past.event("product"), weight, past.products.num_rows).astype(float)
    return counts[task.candidate]
