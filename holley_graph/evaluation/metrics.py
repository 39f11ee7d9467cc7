"""Ranking metrics over flat candidate lists (definitions as in Järvelin & Kekäläinen 2002 for NDCG)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from holley_graph.evaluation.bootstrap import interval, resampled
from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import Ints

Floats = npt.NDArray[np.float64]


def ranks(task: RankingTask, scores: npt.NDArray[np.floating]) -> Ints:
    """Rank each user's candidates by falling score; ties go to the smaller product row.

    Returns:
        [candidates] positions from 1.
    """
    owner = task.owner
    order = np.lexsort((task.candidate, -scores, owner))
    position = np.empty(len(order), np.int64)
    position[order] = np.arange(len(order)) - task.offsets[owner[order]] + 1
    return position


def first(task: RankingTask, position: Ints, k: int) -> Ints:
    """Return the first k of each user's candidates, [users, k] product rows, −1 where there are fewer."""
    lists = np.full((len(task.user), k), -1, np.int64)
    inside = position <= k
    lists[task.owner[inside], position[inside] - 1] = task.candidate[inside]
    return lists


def per_user(task: RankingTask, position: Ints, k: int) -> dict[str, Floats]:
    """Compute HR, NDCG, MRR and recall at k for each test user.

    Returns:
        Metric name to [users] values in 0 … 1.
    """
    n = len(task.user)
    owner, hit_rank = task.owner[task.is_target], position[task.is_target]
    within = hit_rank <= k
    hits = np.bincount(owner[within], minlength=n)
    targets = np.bincount(owner, minlength=n)
    gain = np.bincount(owner[within], weights=1 / np.log2(hit_rank[within] + 1), minlength=n)
    ideal = np.cumsum(1 / np.log2(np.arange(k) + 2))[np.minimum(targets, k) - 1]
    best = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(best, owner, hit_rank)
    return {
        f"HR@{k}": (hits > 0).astype(float),
        f"NDCG@{k}": gain / ideal,
        f"MRR@{k}": np.where(best <= k, 1 / best, 0.0),
        f"recall@{k}": hits / targets,
    }


def summary(task: RankingTask, scores: npt.NDArray[np.floating], ks: Sequence[int] = (4, 10)) -> dict[str, float]:
    """Average every metric over the test users, overall and for cold and warm users."""
    position = ranks(task, scores)
    values: dict[str, float] = {}
    groups = {"": np.ones(len(task.user), bool), "cold ": ~task.warm, "warm ": task.warm}
    for k in ks:
        for name, value in per_user(task, position, k).items():
            values |= {group + name: float(value[rows].mean()) for group, rows in groups.items() if rows.any()}
    return values


def lift(
    task: RankingTask, challenger: Floats, champion: Floats, seed: int = 0, draws: int = 1_000
) -> dict[str, float]:
    """Compare two rankers' values on identical users by a paired bootstrap over users.

    Args:
        task: the test users.
        challenger: [users] metric values.
        champion: [users] metric values.
        seed: of the resampling.
        draws: resamples.

    Returns:
        `difference`, its 95 % interval `low` … `high`, and `relative` (difference / their mean).
    """
    difference = challenger - champion
    low, high = interval(resampled(difference, np.ones(len(difference)), draws, seed))
    relative = float(difference.mean() / champion.mean()) if champion.mean() else float("nan")
    return {"difference": float(difference.mean()), "low": low, "high": high, "relative": relative}
