"""What every model of the population shares: hierarchies that are summed, and popularity that drifts.

    q_v = make + year window + model + window of the model + itself     vehicle, [vehicles, dim]
    z_p = part type + brand + price bucket + base SKU + itself          product, [products, dim]
    s(v, p, t) = q_v · z_p + b_p(t)                                     one inner product once b_p is a coordinate

By itself this is the twin without messages: what a graph model has to beat before its edges earn their place.
The bias b_p(t) is popularity: a sum over part type, base SKU and product, of which type and product drift from one
time bin to the next; the newest bin is what is served.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import HeteroData
from torch_geometric.nn import SAGEConv

from holley_graph.model.data import Hierarchy
from holley_graph.model.likelihood import Choices, negative_log_likelihood
from holley_graph.model.sampler import Relation, Subgraph

Levels = dict[str, Hierarchy]


@dataclass(frozen=True)
class PopulationConfig:
    """What can be tuned of every model."""

    dim: int = 32
    """Length of every vector before its two extra coordinates."""
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
    history_half_life_days: float = 20.0
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

    def forward(self, wanted: Tensor | None = None) -> Tensor:
        """Return [entities, dim], of all or of those that are wanted."""
        levels = {name: getattr(self, f"rows_{name}") for name in self.tables}
        own = levels if wanted is None else {name: rows[wanted] for name, rows in levels.items()}
        return torch.stack([functional.embedding(own[n], table) for n, table in self.tables.items()]).sum(0)


class Population(nn.Module):
    """Vectors of vehicles and products, and popularity over time.

    Args:
        data: the graph, as `hetero_data` opens it; models with messages read it.
        vehicle: levels of the vehicles, `make` and `model` among them.
        product: levels of the products, `part_type` among them.
        config: see there.

    Attributes:
        hops: how far messages travel.
    """

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: PopulationConfig) -> None:
        super().__init__()
        self.config = config
        self.hops = 0
        self.vehicle = Sums(vehicle, config.dim, config.init_std)
        self.product = Sums(product, config.dim, config.init_std)
        popularity = {name: product[name] for name in ("part_type", "base_sku", "product")}
        self.bias = Sums(popularity, 1, 0.0)
        self.drift = Sums({name: product[name] for name in ("part_type", "product")}, config.bins, 0.0)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return q [vehicles, dim] and z [products, dim]."""
        return self.vehicle(), self.product()

    def adjacencies(self) -> dict[Relation, Tensor]:
        """Return the relations that carry messages as CSR [receivers, senders]."""
        return {}

    def within(self, part: Subgraph) -> tuple[Tensor, Tensor, Tensor]:
        """Return q, z and b of the vehicles and products of a part of the graph, from what they hear in it."""
        products = part.nodes["product"]
        return (
            self.vehicle(part.nodes["vehicle"]),
            self.product(products),
            self.bias(products) + self.drift(products),
        )

    def popularity(self) -> Tensor:
        """Return b [products, bins]; bin 0 is the newest."""
        popularity: Tensor = self.bias() + self.drift()
        return popularity

    def source(self) -> Tensor | None:
        """Return what buying a product says of the next one, [products, dim]; none: the history layer says it."""
        return None

    def rates(self, rate: float) -> list[dict[str, Any]]:
        """Return parameters and their learning rates, as optimisers take them."""
        return [{"params": list(self.parameters()), "lr": rate}]

    def loss(self, events: Choices) -> Tensor:
        """Return what training minimises beside `penalty`, summed over events."""
        q, z = self()
        return negative_log_likelihood(events, q, z, self.popularity())

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


class Gated(nn.Module):
    """A message as a residual, tanh(g) · LayerNorm(m): nearly shut at first, opened as far as it helps."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.gate = nn.Parameter(torch.tensor(0.01))

    def forward(self, message: Tensor) -> Tensor:
        """Return what is added to the receiver, [receivers, dim]."""
        added: Tensor = torch.tanh(self.gate) * self.norm(message.to(self.gate.dtype))  # half precision ends here
        return added


class Folds(nn.Module):
    """Edges dealt into parts in turn: one is foretold while messages run over the others.

    Args:
        edges: how many.
        count: of parts; when a model only encodes, it is the turn of one more, which is empty.

    Attributes:
        of: [edges] part of each.
        turn: the part that is foretold.
    """

    of: Tensor
    turn: Tensor

    def __init__(self, edges: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.register_buffer("of", torch.randperm(edges) % count, persistent=False)
        self.register_buffer("turn", torch.tensor(count))

    @property
    def held(self) -> Tensor:
        """[edges] whose turn it is to be foretold."""
        return self.of == self.turn

    def advance(self) -> None:
        """Let the next part have its turn."""
        self.turn.copy_((self.turn + 1) % self.count)

    def train(self, mode: bool = True) -> Self:
        """Foretell nothing while encoding."""
        if not mode:
            self.turn.fill_(self.count)
        return super().train(mode)


class MeanConv(SAGEConv):  # type: ignore[misc]  # half typed upstream
    """SAGEConv whose means over neighbours stay in float32: CUDA has no sparse product with bfloat16."""

    def message_and_aggregate(self, adj_t: Tensor, x: tuple[Tensor, Tensor | None]) -> Tensor:
        """Return the mean of what the neighbours send, [receivers, dim]."""
        with torch.autocast(x[0].device.type, enabled=False):
            received: Tensor = super().message_and_aggregate(adj_t, (x[0].to(adj_t.dtype), x[1]))
        return received


def mean_conv(dim: int) -> MeanConv:
    """W · mean over neighbours: the receiver itself is what the residual is added to."""
    return MeanConv((dim, dim), dim, root_weight=False, bias=False)


def find(keys: Tensor, wanted: Tensor) -> Tensor:
    """Return the place of each wanted number in ascending keys, −1 where it is not there."""
    if not len(keys):
        return torch.full_like(wanted, -1)
    at = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    return torch.where(keys[at] == wanted, at, -1)


def gathered(adjacency: Tensor, sent: Tensor) -> Tensor:
    """Sum what is sent, [receivers, dim], in full precision: sparse sums in half are not had everywhere."""
    with torch.autocast(sent.device.type, enabled=False):
        return adjacency @ sent.to(adjacency.dtype)


def adjacency(edges: Tensor, shape: tuple[int, int]) -> Tensor:
    """[targets, sources] as CSR, over which messages are summed four times as fast as over pairs."""
    source, target = edges
    ones = torch.ones(edges.shape[1])
    return torch.sparse_coo_tensor(torch.stack([target, source]), ones, shape).coalesce().to_sparse_csr()
