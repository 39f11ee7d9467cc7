"""Clicks as links: a bipartite GraphSAGE predicts them, as Zalando's engineers describe for their landing page.

It (Hamilton, Ying & Leskovec, NeurIPS 2017) learns to predict which owners interact with which parts:

    h_v = x_v + V · W · mean_{p ∈ N(v)} x_p,   the same for products, `layers` times
    s(v, p) = counted(v, p) + q_v · z_p + c
    loss = Σ_fitments [n_v · softplus(s) − y_vp · s]         n_v choices of a vehicle's owners, y_vp of them of p

Each choice is a trial of every part that fits: σ(s) is the probability that an owner's next choice is this part.
What is asked later is something else: of somebody who buys something new within a month, is this among it? `train`
fits σ(slope · s + offset) to that on time that it holds back (`evaluation.calibration`), keeps both numbers in the
manifest, and changes no order by it; `benchmarks/calibration.py` measures how well it holds. Edges are dealt into
folds in turn and messages run over the others, so that links are predicted, not remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import HeteroData

from holley_graph.model.architectures.fitment_ranker import FitmentRanker, FitmentRankerConfig, Levels, Space
from holley_graph.model.architectures.interactions import vehicle_interactions
from holley_graph.model.architectures.layers import Folds, Message, adjacency, find, mean_conv
from holley_graph.model.architectures.likelihood import Draw, TrainingSet, scores


@dataclass(frozen=True)
class ClickConfig(FitmentRankerConfig):
    """What can be tuned."""

    layers: int = 1
    """Rounds of messages between vehicles and products."""
    folds: int = 4
    """Parts that edges are dealt into; one is predicted while messages run over the others."""

    space: ClassVar[Space] = FitmentRankerConfig.space | {"layers": (1, 3), "folds": (2, 8)}


class Click(FitmentRanker):
    """The two-tower model as link predictor.

    Args:
        data: the graph, as `hetero_data` opens it.
        vehicle: levels of the vehicles.
        product: levels of the products.
        config: see there.
    """

    configuration = ClickConfig
    known: Int[Tensor, " edges"]

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: ClickConfig) -> None:
        super().__init__(data, vehicle, product, config)
        self.options = config
        self._products = int(data["product"].num_nodes)
        pair, shape = vehicle_interactions(data).pair, (int(data["vehicle"].num_nodes), self._products)
        self.register_buffer("known", pair[0] * self._products + pair[1], persistent=False)
        self.folds = Folds(pair.shape[1], config.folds)
        for fold in range(config.folds + 1):
            edges = pair[:, self.folds.of != fold]
            self.register_buffer(f"to_product_{fold}", adjacency(edges, shape[::-1]), persistent=False)
            self.register_buffer(f"to_vehicle_{fold}", adjacency(edges.flip(0), shape), persistent=False)
        names = [f"{name}_{i}" for i in range(config.layers) for name in ("vehicle", "product")]
        self.layers = nn.ModuleDict({name: mean_conv(config.dim) for name in names})
        self.gates = nn.ModuleDict({name: Message(config.dim) for name in names})
        self.level = nn.Parameter(torch.tensor(-3.0))

    def forward(self) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q [vehicles, dim] and z [products, dim]."""
        return self.encoded(self.folds.count)

    def encoded(self, fold: int) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q and z by messages over all edges but those of a fold."""
        q, z = self.vehicle(), self.product()
        to_vehicle, to_product = (getattr(self, f"to_{name}_{fold}") for name in ("vehicle", "product"))
        for i in range(self.options.layers):
            q, z = (
                q + self.gates[f"vehicle_{i}"](self.layers[f"vehicle_{i}"]((z, q), to_vehicle)),
                z + self.gates[f"product_{i}"](self.layers[f"product_{i}"]((q, z), to_product)),
            )
        return q, z

    def loss(self, events: TrainingSet, draw: Draw) -> Float[Tensor, ""]:
        """Return the loss of the links of one fold, scaled to all folds."""
        fold = self.folds.predicted_in(draw.step)
        trials = torch.zeros(events.vehicles, device=events.weight.device)
        trials = trials.index_add(0, events.vehicle, events.weight)[events.vehicle]
        logit = scores(events, *self.encoded(fold)) + self.level
        each_loss = trials * functional.softplus(logit) - events.weight * logit
        edge = find(self.known, events.vehicle * self._products + events.product)
        return (self.folds.counts(edge, fold) * each_loss).sum()
