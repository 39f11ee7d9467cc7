"""Clicks as links, and a calibrated ranker on top, after what Zalando's engineers describe of their landing page.

A bipartite GraphSAGE (Hamilton, Ying & Leskovec, NeurIPS 2017) learns to foretell which owners touch which parts:

    h_v = x_v + tanh(g) · LayerNorm(W · mean_{p ∈ N(v)} x_p),   the same for products, `layers` times
    link(v, p, t) = q_v · z_p + b_p(t)

The ranker is a logistic regression on what it says and on what is counted, n_f(p, t) being the decayed events of
the product itself, its base SKU, its part type and its brand before time bin t:

    s(v, p, t) = a · link + Σ_f w_f · ln(1 + n_f) + c
    loss = Σ_cells [n · softplus(s) − y · s]         for link and ranker alike; y of the n events of a cell's group

A group are the events of one vehicle in one time bin, each a trial of every part that fits: σ(s) is the probability
that the next event of an owner is about this part. What is asked later is something else: of somebody who buys
something new within a month, is this among it? `train` fits σ(slope · s + offset) to that on the days that it holds
back before the cut (`evaluation.calibration`), keeps both numbers in the manifest, and changes no order by it;
`benchmarks/calibration.py` asks whether it is so. Every feature is itself an inner product, hence so is s. The
ranker learns from links that are foretold, not remembered: edges are dealt into folds in turn, messages run over
the others, and the ranker's gradient stops at the link.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import HeteroData

from holley_graph.model.data import Hierarchy
from holley_graph.model.likelihood import KIND_WEIGHTS, Choices, scores, time_bins
from holley_graph.model.population import (
    Folds,
    Gated,
    Levels,
    Population,
    PopulationConfig,
    adjacency,
    find,
    mean_conv,
)
from holley_graph.model.touched import touched

COUNTED = ("product", "base_sku", "part_type", "brand")


@dataclass(frozen=True)
class ClickConfig(PopulationConfig):
    """What can be tuned."""

    layers: int = 1
    """Rounds of messages between vehicles and products."""
    half_life_bins: float = 4.0
    """Time bins after which an event counts half in the features of the ranker."""
    folds: int = 4
    """Parts that edges are dealt into; one is foretold while messages run over the others."""


class Click(Population):
    """The population as link predictor, and a logistic regression that ranks by it.

    Args:
        data: the graph, as `hetero_data` opens it.
        vehicle: levels of the vehicles.
        product: levels of the products, those of `COUNTED` among them.
        config: see there.
    """

    known: Tensor
    counted: Tensor

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: ClickConfig) -> None:
        super().__init__(data, vehicle, product, config)
        self.options = config
        self._products = int(data["product"].num_nodes)
        pair, shape = touched(data).pair, (int(data["vehicle"].num_nodes), self._products)
        self.register_buffer("known", pair[0] * self._products + pair[1], persistent=False)
        self.folds = Folds(pair.shape[1], config.folds)
        self.register_buffer("counted", counted(data, product, config), persistent=False)
        for fold in range(config.folds + 1):
            kept = pair[:, self.folds.of != fold]
            self.register_buffer(f"to_product_{fold}", adjacency(kept, shape[::-1]), persistent=False)
            self.register_buffer(f"to_vehicle_{fold}", adjacency(kept.flip(0), shape), persistent=False)
        names = [f"{name}_{i}" for i in range(config.layers) for name in ("vehicle", "product")]
        self.layers = nn.ModuleDict({name: mean_conv(config.dim) for name in names})
        self.gates = nn.ModuleDict({name: Gated(config.dim) for name in names})
        self.rely = nn.Parameter(torch.ones(()))
        self.feature = nn.Parameter(torch.zeros(len(COUNTED)))
        self.level = nn.Parameter(torch.full((2,), -3.0))

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return q [vehicles, dim], scaled by how much the ranker relies on links, and z [products, dim]."""
        q, z = self.links()
        return self.rely * q, z

    def popularity(self) -> Tensor:
        """Return all that the ranker says of products alone, [products, bins]."""
        return self.rely * super().popularity() + self.counted[:-1].movedim(0, 1) @ self.feature + self.level[1]

    def links(self) -> tuple[Tensor, Tensor]:
        """Return the vectors of the link predictor."""
        q, z = self.vehicle(), self.product()
        to_vehicle, to_product = (
            getattr(self, f"to_{name}_{int(self.folds.turn)}") for name in ("vehicle", "product")
        )
        for i in range(self.options.layers):
            q, z = (
                q + self.gates[f"vehicle_{i}"](self.layers[f"vehicle_{i}"]((z, q), to_vehicle)),
                z + self.gates[f"product_{i}"](self.layers[f"product_{i}"]((q, z), to_product)),
            )
        return q, z

    def loss(self, events: Choices) -> Tensor:
        """Return the loss of the links of one fold and of the ranker that reads them, scaled to all folds."""
        self.folds.advance()
        trials = torch.zeros(events.groups, device=events.weight.device).index_add(0, events.group, events.weight)
        link = scores(events, *self.links(), super().popularity())
        product = events.fit_product[events.fit]
        # what is counted before a bin is what was known when it began: the next older column
        said = self.counted[1:][events.time_bin, product] @ self.feature
        counts = self._held(events)[events.fit]
        total = torch.zeros((), device=link.device)
        for logit in (link + self.level[0], self.rely * link.detach() + said + self.level[1]):
            each = trials[events.group] * functional.softplus(logit) - events.weight * logit
            total = total + (counts * each).sum()
        return total

    def _held(self, events: Choices) -> Tensor:
        """[fitments] what a cell counts: 1 where nobody touched, else its fold's turn stands for all."""
        at = find(self.known, events.fit_vehicle * self._products + events.fit_product)
        held = torch.ones(len(at), device=at.device)
        held[at >= 0] = self.folds.held[at[at >= 0]] * float(self.options.folds)
        return held


def counted(data: HeteroData, levels: dict[str, Hierarchy], config: ClickConfig) -> Tensor:
    """Count weighted events by product, base SKU, part type and brand, older ones less.

    Returns:
        [bins + 1, products, features] ln(1 + n) of what happened in a bin and in all older ones, standardised over
        products by the newest bin; after the oldest bin nothing has happened. What is alike for all products there,
        as where nobody knows their part types, tells none of them apart and is 0.
    """
    events, products = data["user", "interacts", "product"], int(data["product"].num_nodes)
    bins = torch.from_numpy(time_bins(events.time.numpy(), data.as_of, config.bins, config.bin_days))
    by_bin = torch.zeros(config.bins + 1, products)
    weight = torch.tensor(KIND_WEIGHTS)[events.kind]
    by_bin.index_put_((bins, events.edge_index[1]), weight, accumulate=True)
    for older in range(config.bins, 0, -1):
        by_bin[older - 1] += by_bin[older] * 2 ** (-1 / config.half_life_bins)
    features = []
    for name in COUNTED:
        level = levels[name]
        sums = torch.zeros(len(by_bin), level.size).index_add(1, level.rows, by_bin)[:, level.rows]
        features.append(sums.log1p())
    found = torch.stack(features, 2)
    spread = found[0].std(0)
    return (found - found[0].mean(0)) / spread.clamp(min=1e-3) * (spread > 1e-3)
