"""The models by name: one interface, that of `FitmentRanker`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from holley_graph.model.architectures.click import Click, ClickConfig
from holley_graph.model.architectures.daemon import Daemon, DaemonConfig
from holley_graph.model.architectures.fitment_ranker import FitmentRanker, FitmentRankerConfig
from holley_graph.model.architectures.gat import Gat, GatConfig
from holley_graph.model.architectures.homogeneous import Homogeneous
from holley_graph.model.architectures.lightgcn import LightGCN, LightGCNConfig
from holley_graph.model.architectures.pinsage import PinSage, PinSageConfig
from holley_graph.model.architectures.sage import Sage, SageConfig


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
