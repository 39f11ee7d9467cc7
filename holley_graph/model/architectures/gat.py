"""Two towers of graph attention, after what Faire's engineers describe of recommending brands to retailers.

Attention by Veličković et al., "Graph Attention Networks" (ICLR 2018). One tower speaks for vehicles, one for
products, and each sees at most `neighbours` of what its owners touched or who touched it, the heaviest first:

    x_v, x_p = sums over hierarchies;   x_p += T · text_p          text of type and title, frozen
    w_vp = Σ_events type · 2^(−age / half-life)                    frequency × type × decay
    h_n = x_n + V · GATConv(x_n, {x_m, ln(1 + w)})     `hops` times, w in the attention
    q_v = h_v + MLP_k(h_v),   z_p = h_p + MLP_k(h_p)               one head for all kinds, or one per kind k
    own loss = Σ_k Σ_{w_k ≥ least} w_k · [−ln σ(s_vp) + mean_negatives −ln σ(−s)],   s = counted + q_v · z_p + c_k

By default it learns by the likelihood that every model has, so that what differs is its messages alone. Faire's own
loss is an option. Its negatives are the other products of the batch, products drawn from everywhere, and, which
Faire has no need of, products that fit the vehicle. The perceptrons are inside the towers, so that the score stays
an inner product; what is served is the head for orders. Brands and part types can be nodes that attend and are
attended to. Tables learn at a rate of their own. Edges are dealt into folds in turn, and messages run over the
others, so that no pair that is to be predicted is among its own evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import HeteroData
from torch_geometric.nn import GATConv, HeteroConv

from holley_graph.model.architectures import text
from holley_graph.model.architectures.fitment_ranker import FitmentRanker, FitmentRankerConfig, Levels, Space
from holley_graph.model.architectures.interactions import heaviest, vehicle_interactions
from holley_graph.model.architectures.layers import Folds, Message, find
from holley_graph.model.architectures.likelihood import Draw, TrainingSet, negative_log_likelihood

EDGE_RELATIONS = (("product", "touched_by", "vehicle"), ("vehicle", "touches", "product"))


@dataclass(frozen=True)
class GatConfig(FitmentRankerConfig):
    """What can be tuned."""

    neighbours: int = 50
    """Heaviest neighbours that a node attends to."""
    half_life_days: float = 180.0
    """Days after which an event counts half in the weight of its edge."""
    attention: int = 2
    """Attention heads, averaged."""
    text: str = field(default_factory=text.best)
    """Frozen text: `sentences` (extra `text`), `n-grams` or `none`; by default the first that is installed."""
    own_loss: bool = False
    """Whether to learn by Faire's weighted cross-entropy instead of the likelihood that every model has."""
    least: float = 0.05
    """Weight from which on an edge is a positive of that loss."""
    in_batch_negatives: int = 512
    """Positives of one batch: each one's product is a negative of all others."""
    random_negatives: int = 256
    """Negatives of a batch that are drawn from all products."""
    hard_negatives: int = 8
    """Negatives of each positive that are drawn from what fits its vehicle; 0 is what Faire describes."""
    hops: int = 1
    """Rounds of attention."""
    groups: bool = False
    """Whether brands and part types are nodes of the graph."""
    head_per_kind: bool = False
    """Whether views, carts and orders have a head each in that loss; else one head learns from their sum."""
    folds: int = 4
    """Parts that edges are dealt into; one is predicted while messages run over the others."""
    table_rate: float = 0.5
    """Learning rate of the tables as a share of that of everything else."""

    space: ClassVar[Space] = FitmentRankerConfig.space | {
        "folds": (2, 8),
        "neighbours": (5, 50),
        "half_life_days": (30.0, 720.0),
        "attention": (1, 4),
        "own_loss": [False, True],
        "least": (0.01, 0.5),
        "in_batch_negatives": (128, 2_048),
        "random_negatives": (64, 1_024),
        "hard_negatives": [0, 2, 4, 8, 16, 32],
        "hops": (1, 2),
        "groups": [False, True],
        "head_per_kind": [False, True],
        "table_rate": (0.1, 2.0),
    }


class Gat(FitmentRanker):
    """The two towers with attention over weighted edges, and a weighted binary cross-entropy.

    Args:
        data: the graph, as `hetero_data` opens it.
        vehicle: levels of the vehicles.
        product: levels of the products, `brand` and `part_type` among them.
        config: see there.
    """

    configuration = GatConfig
    pair: Int[Tensor, "2 edges"]
    weight: Float[Tensor, "edges kinds"]
    known: Int[Tensor, " edges"]
    fits: Int[Tensor, " fitments"]
    fit_start: Int[Tensor, " vehicles+1"]
    words: Float[Tensor, "products width"]

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: GatConfig) -> None:
        super().__init__(data, vehicle, product, config)
        self.options = config
        edges = vehicle_interactions(data, config.half_life_days)
        self.folds = Folds(edges.pair.shape[1], config.folds)
        vehicles, self.products = int(data["vehicle"].num_nodes), int(data["product"].num_nodes)
        fits = data["vehicle", "fitted_by", "product"].edge_index
        strongest = {
            "touches": heaviest(edges.pair[1], edges.weight.sum(1), config.neighbours),
            "touched_by": heaviest(edges.pair[0], edges.weight.sum(1), config.neighbours),
        }
        for name, value in {
            "pair": edges.pair,
            "weight": edges.weight if config.head_per_kind else edges.weight.sum(1, keepdim=True),
            "known": edges.pair[0] * self.products + edges.pair[1],  # ascending, as `unique` leaves them
            "fits": fits[1, torch.argsort(fits[0], stable=True)],
            "fit_start": functional.pad(torch.bincount(fits[0], minlength=vehicles).cumsum(0), (1, 0)),
            "words": text.embed(data["product"].text, config.text),
            **{f"kept_{name}": mask for name, mask in strongest.items()},
            **{f"group_{name}": product[name].rows for name in ("brand", "part_type")},
        }.items():
            self.register_buffer(name, value, persistent=False)
        self.relations = EDGE_RELATIONS if edges.pair.shape[1] else ()
        grouped = ("brand", "part_type") if config.groups else ()
        self.plain = [edge for g in grouped for edge in ((g, "of", "product"), ("product", "in", g))]
        self.layers = nn.ModuleList(
            HeteroConv(
                {key: _attention(config, edge_dim=1) for key in self.relations}
                | {key: _attention(config, edge_dim=None) for key in self.plain}
            )
            for _ in range(config.hops if self.relations or self.plain else 0)
        )
        types = ("vehicle", "product", *grouped)
        self.gates = nn.ModuleDict(
            {f"{t}_{i}": Message(config.dim) for i in range(len(self.layers)) for t in types}
        )
        heads, width = self.weight.shape[1], self.words.shape[1]
        self.read = nn.Linear(width, config.dim, bias=False) if width else None
        self.heads = nn.ModuleDict({f"{t}_{k}": _head(config.dim) for t in types[:2] for k in range(heads)})
        self.offset = nn.Parameter(torch.zeros(heads))

    def rates(self, rate: float) -> list[dict[str, Any]]:
        """Let tables learn at a rate of their own."""
        tables = [p for s in (self.vehicle, self.product) for p in s.parameters()]
        of_tables = {id(p) for p in tables}
        rest = [p for p in self.parameters() if id(p) not in of_tables]
        return [{"params": tables, "lr": rate * self.options.table_rate}, {"params": rest, "lr": rate}]

    def forward(self) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q [vehicles, dim] and z [products, dim] of the head for orders, the last."""
        q, z = self.towers(self.folds.count)
        return self._headed(q, z, self.weight.shape[1] - 1)

    def towers(self, fold: int) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return what the heads read, [vehicles, dim] and [products, dim], by messages over the other folds."""
        h = {"vehicle": self.vehicle(), "product": self.product()}
        if self.read is not None:
            h["product"] = h["product"] + self.read(self.words)
        h |= {name: self.product.tables[name] for name in ("brand", "part_type") if self.options.groups}
        edges, weights = self._edges(fold)
        for i, conv in enumerate(self.layers):
            messages = conv(h, edges, edge_attr_dict=weights)
            h = {n: x + self.gates[f"{n}_{i}"](messages[n]) if n in messages else x for n, x in h.items()}
        return h["vehicle"], h["product"]

    def loss(self, events: TrainingSet, draw: Draw) -> Float[Tensor, ""]:
        """Return the loss of what one fold's edges say, scaled to all."""
        fold = self.folds.predicted_in(draw.step)
        tower = self.towers(fold)
        if self.options.own_loss:
            return self._cross_entropy(events, draw, fold, *tower)
        edge = find(self.known, events.vehicle * self.products + events.product)
        of_fold = replace(events, weight=events.weight * self.folds.counts(edge, fold))
        # every parameter has a gradient, those of the other loss none that moves them
        nothing = self.offset.sum() * 0
        return negative_log_likelihood(of_fold, *self._headed(*tower, self.weight.shape[1] - 1)) + nothing

    def _cross_entropy(
        self,
        events: TrainingSet,
        draw: Draw,
        fold: int,
        q: Float[Tensor, "vehicles dim"],
        z: Float[Tensor, "products dim"],
    ) -> Float[Tensor, ""]:
        """Weighted cross-entropy of one fold's positives, scaled to all."""
        total = self.offset.sum() * 0
        for kind in range(self.weight.shape[1]):
            headed = self._headed(q, z, kind)
            is_positive = (self.folds.of == fold) & (self.weight[:, kind] >= self.options.least)
            positives = torch.nonzero(is_positive)[:, 0]
            order = torch.randperm(len(positives), device=q.device, generator=draw.random)
            for batch in positives[order].split(self.options.in_batch_negatives):
                total = total + self._batch(batch, kind, events, *headed, draw.random)
        return total * self.options.folds

    def _headed(
        self, q: Float[Tensor, "vehicles dim"], z: Float[Tensor, "products dim"], kind: int
    ) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        return q + self.heads[f"vehicle_{kind}"](q), z + self.heads[f"product_{kind}"](z)

    def _batch(
        self,
        batch: Int[Tensor, " positives"],
        kind: int,
        events: TrainingSet,
        q: Float[Tensor, "vehicles dim"],
        z: Float[Tensor, "products dim"],
        random: torch.Generator,
    ) -> Float[Tensor, ""]:
        """Summed loss of some positives, each beside the mean over its negatives, on top of what is counted."""
        (vehicle, product), bias = self.pair[:, batch], self.popularity() + self.offset[kind]
        yes = (q[vehicle] * z[product]).sum(1) + self._counted(events, vehicle, product, bias)
        drawn = torch.randint(self.products, (self.options.random_negatives,), device=q.device, generator=random)
        shared = torch.cat([product, drawn])
        apart = functional.softplus(q[vehicle] @ z[shared].T + bias[shared])
        is_negative = ~self._is_known(vehicle[:, None], shared)
        near = self._hard_negatives(vehicle, random)
        counted = self._counted(events, vehicle[:, None].expand_as(near), near, bias)
        close = functional.softplus((q[vehicle][:, None] * z[near]).sum(2) + counted)
        is_near = ~self._is_known(vehicle[:, None], near)
        summed = (apart * is_negative).sum(1) / is_negative.sum(1).clamp(min=1)
        if self.options.hard_negatives:
            summed = summed + (close * is_near).sum(1) / is_near.sum(1).clamp(min=1)
        return (self.weight[batch, kind] * (functional.softplus(-yes) + summed)).sum()

    def _counted(
        self,
        events: TrainingSet,
        vehicle: Int[Tensor, "*pairs"],
        product: Int[Tensor, "*pairs"],
        bias: Float[Tensor, " products"],
    ) -> Float[Tensor, "*pairs"]:
        """What is counted of a pair that fits; of another one the popularity of its product."""
        cell = find(events.vehicle * self.products + events.product, vehicle * self.products + product)
        return torch.where(cell >= 0, events.offset[cell], bias[product])

    def _hard_negatives(
        self, vehicle: Int[Tensor, " positives"], random: torch.Generator
    ) -> Int[Tensor, "positives hard_negatives"]:
        """[positives, hard_negatives] products at random that fit."""
        start, size = self.fit_start[vehicle], self.fit_start[vehicle + 1] - self.fit_start[vehicle]
        shape = len(vehicle), self.options.hard_negatives
        share = torch.rand(shape, device=vehicle.device, generator=random)
        place = start[:, None] + (share * size[:, None]).long()
        return self.fits[place.clamp(max=max(len(self.fits) - 1, 0))]

    def _is_known(
        self, vehicle: Int[Tensor, "positives 1"], product: Int[Tensor, "*#candidates"]
    ) -> Bool[Tensor, "positives candidates"]:
        return find(self.known, vehicle * self.products + product) >= 0

    def _edges(self, fold: int) -> tuple[dict[Any, Tensor], dict[Any, Tensor]]:
        """Edges of all folds but one, and ln(1 + weight) of those that have one."""
        edges, weights = {}, {}
        for key in self.relations:
            use = getattr(self, f"kept_{key[1]}") & (self.folds.of != fold)
            pair = self.pair[:, use]
            edges[key] = pair if key[0] == "vehicle" else pair.flip(0)
            weights[key] = self.weight[use].sum(1, keepdim=True).log1p()
        for key in self.plain:
            rows = getattr(self, f"group_{key[0] if key[1] == 'of' else key[2]}")
            pair = torch.stack([rows, torch.arange(self.products, device=rows.device)])
            edges[key] = pair if key[1] == "of" else pair.flip(0)
        return edges, weights


def _attention(config: GatConfig, edge_dim: int | None) -> GATConv:
    return GATConv(
        (config.dim, config.dim),
        config.dim,
        heads=config.attention,
        concat=False,
        add_self_loops=False,  # the node itself is what the residual is added to
        edge_dim=edge_dim,
        bias=False,
    )


def _head(dim: int) -> nn.Sequential:
    """A perceptron that says nothing at first."""
    last = nn.Linear(dim, dim, bias=False)
    nn.init.zeros_(last.weight)
    return nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), last)
