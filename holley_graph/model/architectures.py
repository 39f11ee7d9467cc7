"""The models by name: one interface, that of `FitmentRanker`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from holley_graph.model.click import Click, ClickConfig
from holley_graph.model.daemon import Daemon, DaemonConfig
from holley_graph.model.fitment_ranker import FitmentRanker, FitmentRankerConfig
from holley_graph.model.gat import Gat, GatConfig
from holley_graph.model.homogeneous import Homogeneous
from holley_graph.model.lightgcn import LightGCN, LightGCNConfig
from holley_graph.model.pinsage import PinSage, PinSageConfig
from holley_graph.model.sage import Sage, SageConfig


@dataclass(frozen=True)
class Architecture:
    """A model and what it is trained with unless told otherwise.

    Attributes:
        build: called with the graph, both hierarchies and a configuration.
        config: of the type that `build` takes.
        batches: whether it encodes a part of the graph, as `FitmentRanker.within` does.
    """

    build: Any
    config: FitmentRankerConfig
    batches: bool = False


MODELS = {
    "sage": Architecture(Sage, SageConfig(), batches=True),
    "two_tower": Architecture(FitmentRanker, FitmentRankerConfig(), batches=True),
    "homogeneous": Architecture(Homogeneous, SageConfig()),
    "lightgcn": Architecture(LightGCN, LightGCNConfig()),
    "daemon": Architecture(Daemon, DaemonConfig()),
    "pinsage": Architecture(PinSage, PinSageConfig()),
    "gat": Architecture(Gat, GatConfig()),
    "click": Architecture(Click, ClickConfig()),
}
