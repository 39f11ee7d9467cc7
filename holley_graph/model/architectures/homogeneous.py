"""GraphSAGE that does not know of types: one space, one weight matrix, all edges alike.

Hamilton, Ying & Leskovec (NeurIPS 2017) as published, mean aggregator over every neighbour of any kind:

    h_n = x_n + V · W · mean_{m ∈ N(n)} h_m        `layers` times

Beside `sage` it measures what one matrix per relation is worth.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch_geometric.data import HeteroData

from holley_graph.model.architectures.fitment_ranker import FitmentRanker, Levels
from holley_graph.model.architectures.layers import Message, adjacency, mean_conv
from holley_graph.model.architectures.sage import MESSAGES, SageConfig

TYPES = ("vehicle", "product", "model", "make", "part_type")


class Homogeneous(FitmentRanker):
    """The two towers with messages over one graph of all nodes.

    Args:
        data: the graph, as `hetero_data` opens it.
        vehicle: levels of the vehicles.
        product: levels of the products.
        config: see there.
    """

    configuration = SageConfig

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: SageConfig) -> None:
        super().__init__(data, vehicle, product, config)
        self._sizes = [int(data[name].num_nodes) for name in TYPES]
        start = dict(zip(TYPES, torch.tensor([0, *self._sizes]).cumsum(0).tolist(), strict=False))
        edges = torch.cat(
            [data[s, r, t].edge_index + torch.tensor([[start[s]], [start[t]]]) for s, r, t in MESSAGES], dim=1
        )
        everybody = sum(self._sizes)
        self.register_buffer("neighbours", adjacency(edges.unique(dim=1), (everybody, everybody)), persistent=False)
        self.layers = nn.ModuleList(mean_conv(config.dim) for _ in range(config.layers))
        self.gates = nn.ModuleList(Message(config.dim) for _ in self.layers)

    def forward(self) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q [vehicles, dim] and z [products, dim]."""
        make, model = self.vehicle.tables["make"], self.vehicle.tables["model"]
        h = torch.cat([self.vehicle(), self.product(), model, make, self.product.tables["part_type"]])
        for layer, gate in zip(self.layers, self.gates, strict=True):
            h = h + gate(layer((h, h), self.neighbours))
        q, z = h.split(self._sizes)[:2]
        return q, z
