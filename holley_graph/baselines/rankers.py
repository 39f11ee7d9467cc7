"""The baselines that need nothing but a snapshot: each knows what was known at the cut, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

import numpy as np

from holley_graph.baselines import boosted, collaborative, logit, popularity, shrinkage
from holley_graph.counting import utility, weights
from holley_graph.evaluation.targets import Floats, Ranker, RankingTask
from holley_graph.snapshot.snapshot import Snapshot


def chance(task: RankingTask, past: Snapshot) -> Floats:
    """Score at random: the floor that every ranker stands on."""
    return np.random.default_rng(past.as_of).random(len(task.candidate))


def counted(task: RankingTask, past: Snapshot) -> Floats:
    """Score by counting alone: what the default model starts from."""
    scores = utility.count(past, weights.estimate(past).of_kinds).scores
    return scores[past.fitment(task.vehicle[task.owner], task.candidate)]


BASELINES: Mapping[str, Ranker] = {
    "random": chance,
    "popularity": popularity.scores,
    "trending": popularity.trending,
    "shrinkage": shrinkage.scores,
    "shrinkage-trend": shrinkage.trending,
    "counting": counted,
    "logit": logit.scores,
    **({"boosted": boosted.scores} if find_spec("lightgbm") else {}),
    "item-knn": collaborative.item_knn,
    "gf-cf": collaborative.gf_cf,
    "cheby-cf": collaborative.cheby_cf,
    "als": collaborative.implicit_als,
}
