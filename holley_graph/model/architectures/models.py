"""The models by name: one interface, that of `FitmentRanker`. No torch is imported to name them on a help page."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holley_graph.model.architectures.fitment_ranker import FitmentRanker

MODELS = {
    "sage": "sage.Sage",
    "two_tower": "fitment_ranker.FitmentRanker",
    "homogeneous": "homogeneous.Homogeneous",
    "lightgcn": "lightgcn.LightGCN",
    "daemon": "daemon.Daemon",
    "pinsage": "pinsage.PinSage",
    "gat": "gat.Gat",
    "click": "click.Click",
}
"""Name to file and class in this folder."""


def architecture(name: str) -> type[FitmentRanker]:
    """Return the class of a model.

    Raises:
        KeyError: there is no model of this name.
    """
    module, class_name = MODELS[name].split(".")
    model_class: type[FitmentRanker] = getattr(import_module(f"{__package__}.{module}"), class_name)
    return model_class


def trains_in_batches(name: str) -> bool:
    """Whether a model encodes a part of the graph: its own class has a `within`."""
    return "within" in vars(architecture(name))
