"""DAEMON: which part leads to which, with two vectors per product.

After Virinchi, Saladi & Mondal, "Recommending Related Products Using Graph Neural Networks in Directed Graphs"
(ECML PKDD 2022). A carburetor calls for its gasket, the gasket does not call for a carburetor: one vector per
product and a symmetric product cannot say so.

    x_p, s_p, t_p = sums over hierarchies, one set of tables each      shared, what p leads to, what leads to p
    h = Σ_k restart (1 − restart)ᵏ Pᵏ x       a walk over pairs, whichever way they go, that starts again at times
    h += C h                                  likeness has no arrow: what is viewed together
    s' = h + W h + s + A t / 2                along the arrow, across the spaces
    t' = h + V h + t + Aᵀ s / 2               against it
    s_uv = cos(s'_u, t'_v) / temperature + b_v

    loss += pairs · Σ_{u → v} [−ln softmax_v(s_uv) + asymmetry · −ln σ(s_uv − s_vu)]
    loss += pairs · likeness · mean_{co-viewed x, y} −ln softmax_y(cos(s'_x, s'_y)) − ln softmax_y(cos(t'_x, t'_y))

P, C and A are normalised by the roots of both degrees. The second term of the loss asks of a pair that mostly went
one way which way it went. The third asks that products which are viewed together lead to the same, and are led to
from the same. A product that was never bought has the vectors of its part type, brand, price and base SKU. The
pairs are dealt into folds in turn: messages run over the others, so that no pair that is to be predicted is among
its own evidence.

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
from holley_graph.model.architectures.layers import Folds, Message, find, gathered
from holley_graph.model.architectures.likelihood import Draw, TrainingSet, negative_log_likelihood

SCORES_AT_ONCE = 12_000_000
"""Scores of one step at most: all products for so many that lead to others."""
ALONG = 0.5
"""How much the pairs of a product count beside its own vector."""


@dataclass(frozen=True)
class DaemonConfig(FitmentRankerConfig):
    """What can be tuned."""

    pairs: float = 1.0
    """How much a user who bought one product before another counts, in events."""
    asymmetry: float = 0.5
    """Weight of the direction beside that of the pair."""
    likeness: float = 0.3
    """Weight of what is viewed together beside that of the pair."""
    restart: float = 0.3
    """How often a walk starts again: the less, the more distant products say."""
    hops: int = 3
    """Steps of a walk."""
    temperature: float = 0.15
    """What cosines are divided by."""
    folds: int = 6
    """Parts that the pairs are dealt into; one is predicted while messages run over the others."""

    space: ClassVar[Space] = FitmentRankerConfig.space | {
        "folds": (2, 8),
        "pairs": (0.1, 3.0),
        "asymmetry": (0.1, 2.0),
        "likeness": (0.03, 1.0),
        "restart": (0.1, 0.6),
        "hops": (1, 5),
        "temperature": (0.05, 0.5),
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
    viewed: Int[Tensor, "2 viewed"]
    alike: Float[Tensor, "products products"]

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: DaemonConfig) -> None:
        super().__init__(data, vehicle, product, config)
        self.options = config
        self.leads = HierarchicalEmbedding(product, config.dim, config.init_std)
        self.follows = HierarchicalEmbedding(product, config.dim, config.init_std)
        bought, viewed = (data["product", how, "product"] for how in ("bought_before", "viewed_with"))
        pairs, weight, products = bought.edge_index, bought.edge_weight, int(data["product"].num_nodes)
        for name, value in (("pair", pairs), ("weight", weight), ("lean", _lean(pairs, weight, products))):
            self.register_buffer(name, value, persistent=False)
        # none is empty while there are as many pairs as folds
        self.folds = Folds(pairs.shape[1], config.folds)
        for fold in range(config.folds + 1):
            others = pairs[:, self.folds.of != fold]
            keys = torch.cat([others[0] * products + others[1], others[1] * products + others[0]]).unique()
            both = torch.stack([keys // products, keys % products])
            for name, edges in (("next", others.flip(0)), ("last", others), ("both", both)):
                self.register_buffer(f"{name}_{fold}", _normalised(edges, products), persistent=False)
        self.register_buffer("viewed", viewed.edge_index, persistent=False)
        self.register_buffer("alike", _normalised(viewed.edge_index, products), persistent=False)
        self.gates = nn.ModuleDict({name: Message(config.dim) for name in ("anchor", "target")})

    def forward(self) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q [vehicles, dim] and the target vectors [products, dim]."""
        return self.vehicle(), self.sides(self.folds.count)[1]

    def anchor(self) -> Float[Tensor, "products dim"]:
        """Return the anchor vectors [products, dim]."""
        return self.sides(self.folds.count)[0]

    def sides(self, fold: int) -> tuple[Float[Tensor, "products dim"], Float[Tensor, "products dim"]]:
        """Return anchor and target vectors, [products, dim] each, by messages over the pairs of other folds."""
        after, before, both = (getattr(self, f"{name}_{fold}") for name in ("next", "last", "both"))
        leads, follows, shared = self.leads(), self.follows(), self._walk(both)
        anchor = shared + self.gates["anchor"](shared) + leads + ALONG * gathered(after, follows)
        target = shared + self.gates["target"](shared) + follows + ALONG * gathered(before, leads)
        return functional.normalize(anchor) / self.options.temperature, functional.normalize(target)

    def loss(self, events: TrainingSet, draw: Draw) -> Float[Tensor, ""]:
        """Return the loss of two towers and that of one fold's pairs, scaled to all of them."""
        if self.pair.shape[1] < self.options.folds:
            return super().loss(events, draw)
        fold = self.folds.predicted_in(draw.step)
        anchor, target = self.sides(fold)
        pairs = self._pairs(self._drawn(self.pair[0], draw.random), fold, anchor, target)
        if self.viewed.shape[1]:
            drawn = self._drawn(self.viewed[0], draw.random)
            spaces = (self.options.temperature * anchor, target)
            pairs = pairs + self.options.likeness / 2 * sum(self._likeness(drawn, unit) for unit in spaces)
        chosen = negative_log_likelihood(events, self.vehicle(), target)
        return chosen + self.options.pairs * self.weight.sum() * pairs

    def penalty(self) -> Float[Tensor, ""]:
        """Return the negative log prior, in events."""
        tables = [table.square().sum() for side in (self.leads, self.follows) for table in side.tables.values()]
        return super().penalty() + self.config.table_l2 * torch.stack(tables).sum() / 2

    def _walk(self, both: Float[Tensor, "products products"]) -> Float[Tensor, "products dim"]:
        """Return what a product shares with those around it, in both spaces."""
        here: Tensor = self.product()
        going, summed = 1.0, torch.zeros_like(here)
        for _ in range(self.options.hops):
            summed = summed + self.options.restart * going * here
            here, going = gathered(both, here), going * (1 - self.options.restart)
        summed = summed + going * here
        near: Tensor = gathered(self.alike, summed)
        return summed + near

    def _drawn(self, first: Int[Tensor, " pairs"], random: torch.Generator) -> Int[Tensor, " drawn"]:
        """Draw products of those that come first in a pair."""
        leading: Tensor = first.unique()
        count = max(1, SCORES_AT_ONCE // len(self.counted_popularity))
        return leading[torch.randperm(len(leading), device=leading.device, generator=random)[:count]]

    def _pairs(
        self,
        drawn: Int[Tensor, " drawn"],
        fold: int,
        anchor: Float[Tensor, "products dim"],
        target: Float[Tensor, "products dim"],
    ) -> Float[Tensor, ""]:
        """Mean loss of a fold's pairs that some products lead to."""
        popular = self.popularity()  # served with every query
        row = _rows(drawn, self.pair[0], len(anchor))
        known, predicted = ((row >= 0) & chosen for chosen in (self.folds.of != fold, self.folds.of == fold))
        score = anchor[drawn] @ target.T + popular
        score = score.index_put((row[known], self.pair[1, known]), torch.tensor(-torch.inf, dtype=score.dtype))
        first, second = self.pair[:, predicted]
        nats, yes = _softmax(score, drawn, row[predicted], second)
        back = (anchor[second] * target[first]).sum(1) + popular[first]
        direction = self.lean[predicted] * functional.softplus(back - yes)
        weight = self.weight[predicted]
        return (weight * (nats + self.options.asymmetry * direction)).sum() / weight.sum().clamp(min=1)

    def _likeness(self, drawn: Int[Tensor, " drawn"], unit: Float[Tensor, "products dim"]) -> Float[Tensor, ""]:
        """Mean loss of what is viewed with some products, in one of the two spaces."""
        row = _rows(drawn, self.viewed[0], len(unit))
        score = unit[drawn] @ unit.T / self.options.temperature
        nats, _ = _softmax(score, drawn, row[row >= 0], self.viewed[1, row >= 0])
        return nats.mean()


def _normalised(pairs: Int[Tensor, "2 pairs"], products: int) -> Float[Tensor, "products products"]:
    """[second, first] as CSR, each pair over the roots of the degrees of both."""
    degrees = (torch.bincount(end, minlength=products).clamp(min=1).float() for end in pairs)
    first, second = (degree[end] for degree, end in zip(degrees, pairs, strict=True))
    weighted = torch.sparse_coo_tensor(pairs.flip(0), (first * second).rsqrt(), (products, products))
    return weighted.coalesce().to_sparse_csr()


def _rows(drawn: Int[Tensor, " drawn"], first: Int[Tensor, " pairs"], products: int) -> Int[Tensor, " pairs"]:
    """[pairs] place of each first product among those drawn, −1 where it was not."""
    place = torch.full((products,), -1, device=first.device)
    place[drawn] = torch.arange(len(drawn), device=first.device)
    return place[first]


def _softmax(
    score: Float[Tensor, "drawn products"],
    drawn: Int[Tensor, " drawn"],
    row: Int[Tensor, " asked"],
    second: Int[Tensor, " asked"],
) -> tuple[Float[Tensor, " asked"], Float[Tensor, " asked"]]:
    """[asked] −ln softmax of the second of each pair among all products but the first, and its score.

    Args:
        score: of what was drawn with every product.
        drawn: rows of products.
        row: of the first of each pair in `score`.
        second: rows of products.
    """
    others = score.scatter(1, drawn[:, None], -torch.inf)
    yes = score[row, second]
    return torch.logsumexp(others, 1)[row] - yes, yes


def _lean(pairs: Int[Tensor, "2 pairs"], weight: Float[Tensor, " pairs"], products: int) -> Float[Tensor, " pairs"]:
    """[pairs] how far a pair leans its way, 1 where the other way never happened, 0 where it happened as often."""
    here, there = pairs[0] * products + pairs[1], pairs[1] * products + pairs[0]
    order = here.argsort()
    at = find(here[order], there)
    back = torch.zeros_like(weight)
    back[at >= 0] = weight[order][at[at >= 0]]
    return ((weight - back) / (weight + back)).clamp(min=0)
