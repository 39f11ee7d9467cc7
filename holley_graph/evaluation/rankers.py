"""The rivals that need nothing but a snapshot: each is asked with what was known at the cut, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from holley_graph.counting import utility
from holley_graph.evaluation import collaborative, popularity, shrinkage
from holley_graph.evaluation.targets import RankingTask
from holley_graph.snapshot.snapshot import Snapshot

Floats = npt.NDArray[np.float64]
Ranker = Callable[[RankingTask, Snapshot], Floats]
"""Given candidates and the snapshot cut at the task's time: [candidates] scores, higher is better."""


def chance(task: RankingTask, past: Snapshot) -> Floats:
    """Score at random: the floor that every ranker stands on."""
    return np.random.default_rng(past.as_of).random(len(task.candidate))


def counted(task: RankingTask, past: Snapshot) -> Floats:
    """Score by counting alone: what the default model starts from."""
    scores = utility.count(past).scores(past)
    return scores[past.fitment(task.vehicle[task.owner], task.candidate)]


RIVALS: Mapping[str, Ranker] = {
    "random": chance,
    "popularity": popularity.scores,
    "trending": popularity.trending,
    "shrinkage": shrinkage.scores,
    "counting": counted,
    "item-knn": collaborative.item_knn,
    "gf-cf": collaborative.gf_cf,
    "als": collaborative.implicit_als,
}
