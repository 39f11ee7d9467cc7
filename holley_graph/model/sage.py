"""Heterogeneous GraphSAGE over hierarchies that share what little is known.

Hamilton, Ying & Leskovec, "Inductive Representation Learning on Large Graphs" (NeurIPS 2017), mean aggregator,
one weight matrix per relation as in Schlichtkrull et al., "Modeling Relational Data with Graph Convolutional
Networks" (ESWC 2018).

    x_v = make + model + year window + itself                       vehicle, [vehicles, dim]
    x_p = part type + brand + price bucket + base SKU + itself      product, [products, dim]
    h_n = x_n + tanh(g) · LayerNorm(Σ_r W_r · mean_{m ∈ N_r(n)} x_m)    gated residual, `layers` times
    q_v = h_v,   z_p = h_p
    s(v, p, t) = q_v · z_p + b_p(t)                                 one inner product once b_p is a coordinate

The bias b_p(t) is popularity: a sum over part type, base SKU and product, of which type and product drift from
one time bin to the next; the newest bin is what is served.

What a user's own history adds is the last layer, with one matrix per kind of interaction, aggregating only
what the user did before the moment that is predicted:

    r_u(t) = Σ_k W_k · (Σ_j d(t − t_j) z_{p_j}) / (c + Σ_j d(t − t_j)),   d(a) = 2^(−a / half-life)
    q_u = q_v + r_u
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import HeteroData
from torch_geometric.nn import HeteroConv, SAGEConv

from holley_graph.model.data import Hierarchy
from holley_graph.snapshot.snapshot import KINDS

Levels = dict[str, Hierarchy]
MESSAGES = (
    ("product", "fits", "vehicle"),
    ("vehicle", "fitted_by", "product"),
    ("vehicle", "of_model", "model"),
    ("model", "of_model_of", "vehicle"),
    ("model", "made_by", "make"),
    ("make", "makes", "model"),
    ("product", "of_type", "part_type"),
    ("part_type", "of_type_of", "product"),
    ("product", "bought_before", "product"),
    ("product", "bought_after", "product"),
)
"""Relations that carry messages; those of users are the history layer's."""


@dataclass(frozen=True)
class SageConfig:
    """What can be tuned."""

    dim: int = 32
    """Length of every vector before its two extra coordinates."""
    layers: int = 1
    """Rounds of messages; 0 is the twin without a graph."""
    init_std: float = 0.05
    """Standard deviation of the tables at the start."""
    bins: int = 12
    """Time bins of the drifting popularity; the oldest takes everything earlier."""
    bin_days: int = 45
    """Length of a bin."""
    table_l2: float = 20.0
    """Weight decay of the tables, in events: how many observations a prior is worth."""
    bias_l2: float = 1.0
    """Weight decay of the popularity terms, in events."""
    drift_l2: float = 20.0
    """Penalty on popularity moving from one bin to the next, in events."""
    history_half_life_days: float = 60.0
    """Days after which something in a user's history counts half."""
    history_prior: float = 1.0
    """The c of the history layer: decayed interactions after which a history counts half of what it could."""


class Sums(nn.Module):
    """Each entity's vector as the sum of one row per level of its hierarchy."""

    def __init__(self, levels: Levels, dim: int, std: float) -> None:
        super().__init__()
        self.tables = nn.ParameterDict({n: nn.Parameter(torch.randn(h.size, dim) * std) for n, h in levels.items()})
        for name, level in levels.items():
            self.register_buffer(f"rows_{name}", level.rows, persistent=False)

    def forward(self) -> Tensor:
        """Return [entities, dim]."""
        parts = [functional.embedding(getattr(self, f"rows_{n}"), table) for n, table in self.tables.items()]
        return torch.stack(parts).sum(0)


class Sage(nn.Module):
    """The population part: vectors of vehicles and products, and popularity over time.

    Args:
        data: the graph, as `hetero_data` opens it.
        vehicle: levels of the vehicles, `make` and `model` among them.
        product: levels of the products, `part_type` among them.
        config: see there.
    """

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: SageConfig) -> None:
        super().__init__()
        self.config = config
        self.vehicle = Sums(vehicle, config.dim, config.init_std)
        self.product = Sums(product, config.dim, config.init_std)
        popularity = {name: product[name] for name in ("part_type", "base_sku", "product")}
        self.bias = Sums(popularity, 1, 0.0)
        self.drift = Sums({name: product[name] for name in ("part_type", "product")}, config.bins, 0.0)
        used = {key: data[key].edge_index for key in MESSAGES if data[key].edge_index.numel()}
        self.layers = nn.ModuleList(
            HeteroConv(
                {
                    key: SAGEConv((config.dim, config.dim), config.dim, root_weight=False, bias=False)
                    for key in used
                },
                aggr="sum",
            )
            for _ in range(config.layers if used else 0)
        )
        types = ("vehicle", "product", "model", "make", "part_type")
        self.norms = nn.ModuleDict(
            {f"{name}_{i}": nn.LayerNorm(config.dim) for i in range(len(self.layers)) for name in types}
        )
        self.gates = nn.ParameterList(nn.Parameter(torch.full((len(types),), 0.01)) for _ in self.layers)
        self._types = types
        for (source, relation, target), edges in used.items():
            shape = (data[target].num_nodes, data[source].num_nodes)
            self.register_buffer(f"to_{target}_{relation}_from_{source}", _csr(edges, shape), persistent=False)
        self._edges = list(used)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return q [vehicles, dim] and z [products, dim]."""
        make, model = self.vehicle.tables["make"], self.vehicle.tables["model"]
        h = {
            "vehicle": self.vehicle(),
            "product": self.product(),
            "model": model,
            "make": make,
            "part_type": self.product.tables["part_type"],
        }
        for i, (conv, gate) in enumerate(zip(self.layers, self.gates, strict=True)):
            messages = conv(h, {key: getattr(self, f"to_{key[2]}_{key[1]}_from_{key[0]}") for key in self._edges})
            gates = dict(zip(self._types, torch.tanh(gate), strict=True))
            h = {
                n: x + gates[n] * self.norms[f"{n}_{i}"](messages[n]) if n in messages else x for n, x in h.items()
            }
        return h["vehicle"], h["product"]

    def popularity(self) -> Tensor:
        """Return b [products, bins]; bin 0 is the newest."""
        popularity: Tensor = self.bias() + self.drift()
        return popularity

    def penalty(self) -> Tensor:
        """Return the negative log prior, in events (up to constants)."""
        c = self.config
        tables = sum(
            (t.square().sum() for s in (self.vehicle, self.product) for t in s.tables.values()), torch.zeros(())
        )
        biases = sum((t.square().sum() for t in self.bias.tables.values()), torch.zeros(()))
        moves = sum(
            (t.diff(dim=1).square().sum() + t[:, -1].square().sum() for t in self.drift.tables.values()),
            torch.zeros(()),
        )
        return (c.table_l2 * tables + c.bias_l2 * biases + c.drift_l2 * moves) / 2


class History(nn.Module):
    """The user layer: what someone did adds to what their vehicle says.

    Args:
        dim: length of product vectors.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(len(KINDS), dim, dim))

    def forward(self, means: Tensor) -> Tensor:
        """Turn shrunk decayed means [users, kinds, dim] into residuals [users, dim]."""
        return torch.einsum("ukd,kde->ue", means, self.weights)


def _csr(edges: Tensor, shape: tuple[int, int]) -> Tensor:
    """Adjacency [targets, sources] as CSR, over which SAGEConv aggregates four times as fast as over pairs."""
    source, target = edges
    ones = torch.ones(edges.shape[1])
    return torch.sparse_coo_tensor(torch.stack([target, source]), ones, shape).coalesce().to_sparse_csr()
