"""Heterogeneous GraphSAGE over hierarchies that share what little is known.

Hamilton, Ying & Leskovec, "Inductive Representation Learning on Large Graphs" (NeurIPS 2017), mean aggregator,
one weight matrix per relation as in Schlichtkrull et al., "Modeling Relational Data with Graph Convolutional
Networks" (ESWC 2018).

    x = sums over hierarchies                                       as in `fitment_ranker`
    h_n = x_n + V · Σ_r W_r · mean_{m ∈ N_r(n)} x_m    `layers` times
    q_v = h_v,   z_p = h_p
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch_geometric.data import HeteroData
from torch_geometric.nn import HeteroConv

from holley_graph.model.architectures.fitment_ranker import FitmentRanker, FitmentRankerConfig, Levels, Space
from holley_graph.model.architectures.layers import Message, adjacency, mean_conv
from holley_graph.model.architectures.sampler import Relation, Subgraph

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
class SageConfig(FitmentRankerConfig):
    """What can be tuned."""

    layers: int = 1
    """Rounds of messages."""

    space: ClassVar[Space] = FitmentRankerConfig.space | {"layers": (1, 3)}


class Sage(FitmentRanker):
    """Two towers with messages over every relation.

    Args:
        data: the graph, as `hetero_data` opens it.
        vehicle: levels of the vehicles, `make` and `model` among them.
        product: levels of the products, `part_type` among them.
        config: see there.
    """

    configuration = SageConfig

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: SageConfig) -> None:
        super().__init__(data, vehicle, product, config)
        used = {key: data[key].edge_index for key in MESSAGES if data[key].edge_index.numel()}
        self.layers = nn.ModuleList(
            HeteroConv({key: mean_conv(config.dim) for key in used}, aggr="sum")
            for _ in range(config.layers if used else 0)
        )
        types = ("vehicle", "product", "model", "make", "part_type")
        self.gates = nn.ModuleDict(
            {f"{name}_{i}": Message(config.dim) for i in range(len(self.layers)) for name in types}
        )
        for (sender, relation, receiver), edges in used.items():
            shape = (data[receiver].num_nodes, data[sender].num_nodes)
            self.register_buffer(
                f"to_{receiver}_{relation}_from_{sender}", adjacency(edges, shape), persistent=False
            )
        self._edges = list(used)
        self.hops = len(self.layers)

    def forward(self) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q [vehicles, dim] and z [products, dim]."""
        return self._heard(self._start({}), self.adjacencies())

    def within(self, part: Subgraph) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q and z of the vehicles and products of a part of the graph, from what they hear in it."""
        return self._heard(self._start(part.nodes), part.edges)

    def adjacencies(self) -> dict[Relation, Float[Tensor, "_ _"]]:
        """Return the relations that carry messages as CSR [receivers, senders]."""
        return {key: getattr(self, f"to_{key[2]}_{key[1]}_from_{key[0]}") for key in self._edges}

    def _start(self, nodes: Mapping[str, Int[Tensor, " _"]]) -> dict[str, Float[Tensor, "_ dim"]]:
        """Type to what its nodes say at first, of all nodes of types for which none are named."""
        above = {name: self.vehicle.tables[name] for name in ("model", "make")}
        above["part_type"] = self.product.tables["part_type"]
        sums = {"vehicle": self.vehicle(nodes.get("vehicle")), "product": self.product(nodes.get("product"))}
        return sums | {n: functional.embedding(nodes[n], t) if n in nodes else t for n, t in above.items()}

    def _heard(
        self, h: dict[str, Float[Tensor, "_ dim"]], graph: dict[Relation, Float[Tensor, "_ _"]]
    ) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        for i, conv in enumerate(self.layers):
            messages = conv(h, graph)
            h = {n: x + self.gates[f"{n}_{i}"](messages[n]) if n in messages else x for n, x in h.items()}
        return h["vehicle"], h["product"]
