"""DAEMON: which part leads to which, with two vectors per product.

After Virinchi, Saladi & Mondal, "Recommending Related Products Using Graph Neural Networks in Directed Graphs"
(ECML PKDD 2022). A carburetor calls for its gasket, the gasket does not call for a carburetor: one vector per
product and a symmetric product cannot say so.

    s_p, t_p = sums over hierarchies, one set of tables each        what p leads to, what leads to p
    s_u' = s_u + V · W · mean_{v: u → v} t_v       along the arrow, across the spaces
    t_v' = t_v + V · W · mean_{u: u → v} s_u       against it
    both += V · C · mean_{co-viewed} of the same kind      likeness has no arrow
    loss += pairs · Σ_{u → v} [−ln softmax_v(s_uv) + asymmetry · −ln σ(s_uv − s_vu)],   s_uv = s_u' · t_v' + b_v

The second term of the loss asks of a pair that mostly went one way which way it went. A product that was never
bought has the vectors of its part type, brand, price and base SKU in both spaces. The pairs are dealt into folds in
turn: messages run over the others, so that no pair that is to be predicted is among its own evidence.

A product's target vector is also what vehicles are scored with, by the loss of every model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import HeteroData

from holley_graph.model.architectures.fitment_ranker import (
    FitmentRanker,
    FitmentRankerConfig,
    HierarchicalEmbedding,
    Levels,
    Space,
)
from holley_graph.model.architectures.layers import Folds, Message, adjacency, find, mean_conv
from holley_graph.model.architectures.likelihood import Draw, TrainingSet, negative_log_likelihood

PAIRS_AT_ONCE, NEGATIVES = 4_096, 1_024
"""Pairs, and random negatives, of one step at most."""


@dataclass(frozen=True)
class DaemonConfig(FitmentRankerConfig):
    """What can be tuned."""

    pairs: float = 1.0
    """How much a user who bought one product before another counts, in events."""
    asymmetry: float = 0.5
    """Weight of the direction beside that of the pair."""
    folds: int = 4
    """Parts that the pairs are dealt into; one is predicted while messages run over the others."""

    space: ClassVar[Space] = FitmentRankerConfig.space | {
        "folds": (2, 8),
        "pairs": (0.1, 3.0),
        "asymmetry": (0.1, 2.0),
    }


class Daemon(FitmentRanker):
    """The two towers with a second vector per product, learned from what was bought before what.

    Args:
        data: the graph, as `hetero_data` opens it.
        vehicle: levels of the vehicles.
        product: levels of the products.
        config: see there.
    """

    configuration = DaemonConfig
    pair: Int[Tensor, "2 pairs"]
    weight: Float[Tensor, " pairs"]
    lean: Float[Tensor, " pairs"]
    alike: Float[Tensor, "products products"]

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: DaemonConfig) -> None:
        super().__init__(data, vehicle, product, config)
        self.options = config
        self.leads = HierarchicalEmbedding(product, config.dim, config.init_std)
        bought = data["product", "bought_before", "product"]
        pairs, weight, products = bought.edge_index, bought.edge_weight, int(data["product"].num_nodes)
        for name, value in (("pair", pairs), ("weight", weight), ("lean", _lean(pairs, weight, products))):
            self.register_buffer(name, value, persistent=False)
        # none is empty while there are as many pairs as folds
        self.folds = Folds(pairs.shape[1], config.folds)
        for fold in range(config.folds + 1):
            others = pairs[:, self.folds.of != fold]
            for name, edges in (("next", others.flip(0)), ("last", others)):
                self.register_buffer(f"{name}_{fold}", adjacency(edges, (products, products)), persistent=False)
        alike = adjacency(data["product", "viewed_with", "product"].edge_index, (products, products))
        self.register_buffer("alike", alike, persistent=False)
        self.layers = nn.ModuleDict(
            {name: mean_conv(config.dim) for name in ("next", "last", "source_alike", "target_alike")}
        )
        self.gates = nn.ModuleDict({name: Message(config.dim) for name in self.layers})

    def forward(self) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q [vehicles, dim] and the target vectors [products, dim]."""
        return self.vehicle(), self.sides(self.folds.count)[1]

    def source(self) -> Float[Tensor, "products dim"]:
        """Return the source vectors [products, dim]."""
        return self.sides(self.folds.count)[0]

    def sides(self, fold: int) -> tuple[Float[Tensor, "products dim"], Float[Tensor, "products dim"]]:
        """Return source and target vectors, [products, dim] each, by messages over the pairs of other folds."""
        source, target = self.leads(), self.product()
        after, before = (getattr(self, f"{name}_{fold}") for name in ("next", "last"))
        ahead = self._message("next", target, after) + self._message("source_alike", source, self.alike)
        behind = self._message("last", source, before) + self._message("target_alike", target, self.alike)
        return source + ahead, target + behind

    def loss(self, events: TrainingSet, draw: Draw) -> Float[Tensor, ""]:
        """Return the loss of two towers and that of a sample of one fold's pairs, scaled to all of them."""
        if self.pair.shape[1] < self.options.folds:
            return super().loss(events, draw)
        fold = self.folds.predicted_in(draw.step)
        pairs = self._pairs(self.weight * (self.folds.of == fold), *self.sides(fold), draw.random)
        chosen = negative_log_likelihood(events, self.vehicle(), self.sides(fold)[1])
        return chosen + self.options.pairs * self.weight.sum() * pairs

    def penalty(self) -> Float[Tensor, ""]:
        """Return the negative log prior, in events."""
        tables = torch.stack([table.square().sum() for table in self.leads.tables.values()]).sum()
        return super().penalty() + self.config.table_l2 * tables / 2

    def _pairs(
        self,
        weight: Float[Tensor, " pairs"],
        source: Float[Tensor, "products dim"],
        target: Float[Tensor, "products dim"],
        random: torch.Generator,
    ) -> Float[Tensor, ""]:
        """Mean loss of pairs drawn as often as they were bought."""
        size = min(PAIRS_AT_ONCE, len(weight))
        drawn = torch.multinomial(weight, size, replacement=True, generator=random)
        first, second = self.pair[:, drawn]
        popular = self.popularity()  # served with every query
        yes = (source[first] * target[second]).sum(1) + popular[second]
        count = min(NEGATIVES, len(target))
        negatives = torch.randint(len(target), (count,), device=target.device, generator=random)
        no = source[first] @ target[negatives].T + popular[negatives]
        no = no.masked_fill(negatives == second[:, None], -torch.inf)
        chosen = torch.logsumexp(torch.cat([yes[:, None], no], 1), 1) - yes
        back = (source[second] * target[first]).sum(1) + popular[first]
        direction = self.lean[drawn] * functional.softplus(back - yes)
        return (chosen + self.options.asymmetry * direction).mean()

    def _message(
        self, name: str, what: Float[Tensor, "products dim"], over: Float[Tensor, "products products"]
    ) -> Float[Tensor, "products dim"]:
        added: Tensor = self.gates[name](self.layers[name]((what, what), over))
        return added


def _lean(pairs: Int[Tensor, "2 pairs"], weight: Float[Tensor, " pairs"], products: int) -> Float[Tensor, " pairs"]:
    """[pairs] how far a pair leans its way, 1 where the other way never happened, 0 where it happened as often."""
    here, there = pairs[0] * products + pairs[1], pairs[1] * products + pairs[0]
    order = here.argsort()
    at = find(here[order], there)
    back = torch.zeros_like(weight)
    back[at >= 0] = weight[order][at[at >= 0]]
    return ((weight - back) / (weight + back)).clamp(min=0)
