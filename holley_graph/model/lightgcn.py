"""LightGCN over vehicles and the parts that their owners touched.

He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation" (SIGIR 2020):
propagation without weights or non-linearities, the mean of all depths, on the symmetrically normalised graph.

    E⁽ᵏ⁺¹⁾ = D^-½ A D^-½ E⁽ᵏ⁾,   [q; z] = mean_k E⁽ᵏ⁾,   k = 0 … layers

Three things differ from the paper. Its users are vehicles here, for nearly all users are cold and share what their
vehicle knows; E⁽⁰⁾ is the sum over hierarchies; and the loss is the exact softmax among what fits, not BPR on
sampled negatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from holley_graph.model.population import Levels, Population, PopulationConfig


@dataclass(frozen=True)
class LightGCNConfig(PopulationConfig):
    """What can be tuned."""

    layers: int = 2
    """Depth of the propagation."""


class LightGCN(Population):
    """The population, smoothed over who touched what.

    Args:
        data: the graph, as `hetero_data` opens it.
        vehicle: levels of the vehicles.
        product: levels of the products.
        config: see there.
    """

    graph: Tensor

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: LightGCNConfig) -> None:
        super().__init__(data, vehicle, product, config)
        self.depth = config.layers
        self._sizes = [int(data[name].num_nodes) for name in ("vehicle", "product")]
        self.register_buffer("graph", touched(data), persistent=False)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return q [vehicles, dim] and z [products, dim]."""
        layer = torch.cat([self.vehicle(), self.product()])
        total = layer
        for _ in range(self.depth):
            layer = self.graph @ layer
            total = total + layer
        q, z = (total / (self.depth + 1)).split(self._sizes)
        return q, z


def touched(data: HeteroData) -> Tensor:
    """[vehicles + products, vehicles + products] D^-½ A D^-½ as CSR; A says that an owner touched a part."""
    vehicles, products = int(data["vehicle"].num_nodes), int(data["product"].num_nodes)
    owner = torch.full((int(data["user"].num_nodes),), -1)
    owns = data["user", "owns", "vehicle"].edge_index
    owner[owns[0]] = owns[1]
    user, product = data["user", "interacts", "product"].edge_index
    known = owner[user] >= 0
    pairs = torch.stack([owner[user[known]], product[known] + vehicles]).unique(dim=1)
    edges = torch.cat([pairs, pairs.flip(0)], dim=1)
    degree = torch.bincount(edges[0], minlength=vehicles + products).clamp(min=1).float()
    weight = (degree[edges[0]] * degree[edges[1]]).rsqrt()
    shape = (vehicles + products, vehicles + products)
    return torch.sparse_coo_tensor(edges, weight, shape).coalesce().to_sparse_csr()
