"""What `tune` tries: where each field of a model's configuration may lie.

A field that is not here stays as it is: what depends on what is installed (`text` of `gat`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from holley_graph.model.architectures.fitment_ranker import FitmentRankerConfig
from holley_graph.model.architectures.models import MODELS

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

Space = dict[str, tuple[float, float] | list[Any]]
"""Field to from and to, evenly in the logarithm and whole if both are, or to a list of choices."""

VECTORS: Space = {
    "dim": (16, 96),
    "init_std": (0.01, 0.2),
    "table_l2": (10.0, 500.0),
    "message_l2": (30.0, 10_000.0),
    "history_half_life_days": (10.0, 240.0),
    "history_prior": (0.2, 5.0),
}
"""Of every model."""
LAYERS: Space = {"layers": (1, 3)}
FOLDS: Space = {"folds": (2, 8)}

SPACES: dict[str, Space] = {
    "sage": VECTORS | LAYERS,
    "two_tower": VECTORS,
    "homogeneous": VECTORS | LAYERS,
    "lightgcn": VECTORS | LAYERS,
    "daemon": VECTORS | FOLDS | {"pairs": (0.1, 3.0), "asymmetry": (0.1, 2.0)},
    "pinsage": VECTORS
    | {
        "walks": (20, 200),
        "hops": (1, 4),
        "neighbours": (5, 50),
        "margin": (0.3, 3.0),
        "harder_every": (2, 20),
        "hardest": (1, 16),
    },
    "gat": VECTORS
    | FOLDS
    | {
        "neighbours": (5, 50),
        "half_life_days": (30.0, 720.0),
        "attention": (1, 4),
        "least": (0.01, 0.5),
        "in_batch_negatives": (128, 2_048),
        "random_negatives": (64, 1_024),
        "hard_negatives": [0, 2, 4, 8, 16, 32],
        "hops": (1, 2),
        "groups": [False, True],
        "head_per_kind": [False, True],
        "table_rate": (0.1, 2.0),
    },
    "click": VECTORS | LAYERS | FOLDS,
}
"""Model to what is searched of it."""


def proposed(trial: BaseTrial, model: str) -> FitmentRankerConfig:
    """Draw a configuration of a model."""
    drawn: dict[str, Any] = {}
    for name, values in SPACES[model].items():
        if isinstance(values, list):
            drawn[name] = trial.suggest_categorical(name, values)
        elif isinstance(values[0], int):
            drawn[name] = trial.suggest_int(name, values[0], int(values[1]), log=True)
        else:
            drawn[name] = trial.suggest_float(name, *values, log=True)
    return replace(MODELS[model].config, **drawn)
