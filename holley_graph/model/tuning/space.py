"""What `tune` tries: a configuration within the `space` of a model's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from holley_graph.model.architectures.fitment_ranker import FitmentRankerConfig
from holley_graph.model.architectures.models import architecture

if TYPE_CHECKING:
    from optuna.trial import BaseTrial


def proposed(trial: BaseTrial, model: str) -> FitmentRankerConfig:
    """Draw a configuration of a model."""
    configuration = architecture(model).configuration
    drawn: dict[str, Any] = {}
    for name, values in configuration.space.items():
        if isinstance(values, list):
            drawn[name] = trial.suggest_categorical(name, values)
        elif isinstance(values[0], int):
            drawn[name] = trial.suggest_int(name, values[0], int(values[1]), log=True)
        else:
            drawn[name] = trial.suggest_float(name, *values, log=True)
    return configuration(**drawn)
