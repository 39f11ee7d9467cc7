"""What every model shares: a counted utility, and vectors whose inner product is added to it.

    q_v = make + year window + model + window of the model + itself     vehicle, [vehicles, dim]
    z_p = part type + brand + price bucket + base SKU + itself          product, [products, dim]
    s(v, p) = popularity_p + lift_vp + q_v · z_p                        what is counted, and what is learned

By itself this is the two-tower model without messages: what a graph model has to beat before its edges earn their
place. Popularity and lift are counted (`holley_graph.counting`) and fixed while vectors are trained. The prior of
the vectors pulls them to nothing, so that where the data ask for no more, counting alone ranks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import HeteroData

from holley_graph.model.architectures.data import Hierarchy
from holley_graph.model.architectures.likelihood import Draw, TrainingSet, negative_log_likelihood
from holley_graph.model.architectures.sampler import Relation, Subgraph

Levels = dict[str, Hierarchy]
Space = dict[str, tuple[float, float] | list[Any]]
"""Field to from and to, evenly in the logarithm and whole if both are, or to a list of choices."""


@dataclass(frozen=True)
class FitmentRankerConfig:
    """What can be tuned of every model."""

    dim: int = 32
    """Length of every vector before its two extra coordinates."""
    init_std: float = 0.05
    """Standard deviation of the tables at the start."""
    table_l2: float = 60.0
    """Weight decay of the tables, in choices: how many observations a prior is worth."""
    message_l2: float = 300.0
    """Weight decay of the matrices that messages pass through, in choices."""
    history_half_life_days: float = 20.0
    """Days after which something in a user's history counts half."""
    history_prior: float = 1.0
    """The c of the history layer: decayed interactions after which a history counts half of what it could."""

    space: ClassVar[Space] = {
        "dim": (16, 96),
        "init_std": (0.01, 0.2),
        "table_l2": (10.0, 500.0),
        "message_l2": (30.0, 10_000.0),
        "history_half_life_days": (10.0, 240.0),
        "history_prior": (0.2, 5.0),
    }
    """What `tune` tries. A field that is not here stays as it is: one that depends on what is installed."""


class HierarchicalEmbedding(nn.Module):
    """Each entity's vector as the sum of one row per level of its hierarchy."""

    def __init__(self, levels: Levels, dim: int, std: float) -> None:
        super().__init__()
        self.tables = nn.ParameterDict({n: nn.Parameter(torch.randn(h.size, dim) * std) for n, h in levels.items()})
        for name, level in levels.items():
            self.register_buffer(f"rows_{name}", level.rows, persistent=False)

    def forward(self, wanted: Int[Tensor, " wanted"] | None = None) -> Float[Tensor, "entities dim"]:
        """Return [entities, dim], of all or of those that are wanted."""
        levels = {name: getattr(self, f"rows_{name}") for name in self.tables}
        own = levels if wanted is None else {name: rows[wanted] for name, rows in levels.items()}
        return torch.stack([functional.embedding(own[n], table) for n, table in self.tables.items()]).sum(0)


class FitmentRanker(nn.Module):
    """Vectors of vehicles and products, and popularity over time.

    Args:
        data: the graph, as `hetero_data` opens it; models with messages read it.
        vehicle: levels of the vehicles, `make` and `model` among them.
        product: levels of the products, `part_type` among them.
        config: see there.

    Attributes:
        configuration: type of the configuration; what it holds by itself is the default.
        hops: how far messages travel.
    """

    configuration: ClassVar[type[FitmentRankerConfig]] = FitmentRankerConfig
    counted_popularity: Float[Tensor, " products"]

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: FitmentRankerConfig) -> None:
        super().__init__()
        self.config = config
        self.hops = 0
        self.vehicle = HierarchicalEmbedding(vehicle, config.dim, config.init_std)
        self.product = HierarchicalEmbedding(product, config.dim, config.init_std)
        self.register_buffer("counted_popularity", data["product"].popularity, persistent=False)

    def forward(self) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q [vehicles, dim] and z [products, dim]."""
        return self.vehicle(), self.product()

    def adjacencies(self) -> dict[Relation, Float[Tensor, "_ _"]]:
        """Return the relations that carry messages as CSR [receivers, senders]."""
        return {}

    def within(self, part: Subgraph) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q and z of the vehicles and products of a part of the graph, from what they hear in it."""
        return self.vehicle(part.nodes["vehicle"]), self.product(part.nodes["product"])

    def popularity(self) -> Float[Tensor, " products"]:
        """Return b [products], how much everybody wants them now, in nats: what is counted."""
        return self.counted_popularity

    def anchor(self) -> Float[Tensor, "products dim"] | None:
        """Return what buying a product says of the next one, [products, dim]; none: the history layer says it."""
        return None

    def rates(self, rate: float) -> list[dict[str, Any]]:
        """Return parameters and their learning rates, as optimisers take them."""
        return [{"params": list(self.parameters()), "lr": rate}]

    def loss(self, events: TrainingSet, draw: Draw) -> Float[Tensor, ""]:
        """Return what training minimises beside `penalty`, summed over events; it changes nothing in the model."""
        q, z = self()
        return negative_log_likelihood(events, q, z)

    def penalty(self) -> Float[Tensor, ""]:
        """Return the negative log prior, in events (up to constants)."""
        tables = (t.square().sum() for s in (self.vehicle, self.product) for t in s.tables.values())
        named = ((name, parameter) for name, parameter in self.named_parameters() if ".tables." not in name)
        messages = (parameter.square().sum() for _, parameter in named if parameter.dim() == 2)
        nothing, c = torch.zeros(()), self.config
        return (c.table_l2 * sum(tables, nothing) + c.message_l2 * sum(messages, nothing)) / 2
