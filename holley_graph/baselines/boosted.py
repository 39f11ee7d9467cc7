"""Gradient-boosted trees over counted features (LightGBM): what a good analyst would train instead of a network.

The trees learn to rank what was chosen before the cut (LambdaMART; Burges, MSR-TR-2010-82). They know no embedding
and no estimated prior.
"""

from __future__ import annotations

import numpy as np

from holley_graph.baselines import features
from holley_graph.evaluation.targets import Floats, RankingTask
from holley_graph.snapshot.snapshot import Snapshot

PARAMETERS = {
    "objective": "lambdarank",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "lambdarank_truncation_level": 8,
    "num_threads": 1,
    "seed": 0,
    "deterministic": True,
    "verbose": -1,
}
TREES = 200


def scores(task: RankingTask, past: Snapshot) -> Floats:
    """Train on what was chosen before the cut and score each candidate.

    Args:
        task: candidates, product rows of the same catalogue as `past`.
        past: the snapshot cut at the task's time.

    Returns:
        [candidates] scores; zero where nobody chose anything before.
    """
    import lightgbm

    seen = features.choices(past)
    if seen is None:
        return np.zeros(len(task.candidate))
    data = lightgbm.Dataset(seen.features, seen.chosen, weight=seen.weight, group=seen.sizes)
    trees = lightgbm.train(PARAMETERS, data, TREES)
    return np.asarray(trees.predict(features.Features(past)(task)), float)
