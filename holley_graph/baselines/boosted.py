"""Gradient-boosted trees over counted features (LightGBM): what a good analyst would train instead of a network.

The trees learn to rank what was chosen before the cut (LambdaMART; Burges, MSR-TR-2010-82). They know no embedding
and no estimated prior.
"""

from __future__ import annotations

import numpy as np

from holley_graph.baselines import features
from holley_graph.baselines.features import Matrix, PastChoices
from holley_graph.evaluation.targets import Floats

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


def _score(seen: PastChoices, questions: Matrix) -> Floats:
    """Train on past choices and score what is asked."""
    import lightgbm

    data = lightgbm.Dataset(seen.features, seen.chosen, weight=seen.weight, group=seen.sizes)
    return np.asarray(lightgbm.train(PARAMETERS, data, TREES).predict(questions), float)


scores = features.ranker(_score)
