"""LightGCN over vehicles and the parts that their owners viewed, carted or ordered.

He et al., "LightGCN: Simplifying and Powering Graph Convolution Network for Recommendation" (SIGIR 2020):
propagation without weights or non-linearities, the mean of all depths, on the symmetrically normalised graph.

    E⁽ᵏ⁺¹⁾ = D^-½ A D^-½ E⁽ᵏ⁾,   [q; z] = mean_k E⁽ᵏ⁾,   k = 0 … layers

Three things differ from the paper. Its users are vehicles here, for nearly all users are cold and share what their
vehicle knows; E⁽⁰⁾ is the sum over hierarchies; and the loss is the exact softmax among what fits, not BPR on
sampled negatives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch_geometric.data import HeteroData

from holley_graph.model.architectures.fitment_ranker import FitmentRanker, FitmentRankerConfig, Levels, Space
from holley_graph.model.architectures.interactions import vehicle_interactions
from holley_graph.model.architectures.layers import gathered


@dataclass(frozen=True)
class LightGCNConfig(FitmentRankerConfig):
    """What can be tuned."""

    layers: int = 2
    """Depth of the propagation."""

    space: ClassVar[Space] = FitmentRankerConfig.space | {"layers": (1, 3)}


class LightGCN(FitmentRanker):
    """The two towers, smoothed over interactions.

    Args:
        data: the graph, as `hetero_data` opens it.
        vehicle: levels of the vehicles.
        product: levels of the products.
        config: see there.
    """

    configuration = LightGCNConfig
    graph: Float[Tensor, "nodes nodes"]

    def __init__(self, data: HeteroData, vehicle: Levels, product: Levels, config: LightGCNConfig) -> None:
        super().__init__(data, vehicle, product, config)
        self.depth = config.layers
        self._sizes = (int(data["vehicle"].num_nodes), int(data["product"].num_nodes))
        self.register_buffer("graph", normalised(vehicle_interactions(data).pair, self._sizes), persistent=False)

    def forward(self) -> tuple[Float[Tensor, "vehicles dim"], Float[Tensor, "products dim"]]:
        """Return q [vehicles, dim] and z [products, dim]."""
        start = torch.cat([self.vehicle(), self.product()])
        q, z = smoothed(self.graph, start, self.depth).split(self._sizes)
        return q, z


def smoothed(
    graph: Float[Tensor, "nodes nodes"], start: Float[Tensor, "nodes dim"], depth: int
) -> Float[Tensor, "nodes dim"]:
    """Return the mean over all depths of what is propagated, [nodes, dim] from [nodes, dim].

    The graph is symmetric and nothing stands between its powers, so that gradients take the same way back: this of
    the gradient by the result is the gradient by the start.
    """
    layer = total = start
    for _ in range(depth):
        layer = gathered(graph, layer)
        total = total + layer
    return total / (depth + 1)


def normalised(pair: Int[Tensor, "2 pairs"], sizes: tuple[int, int]) -> Float[Tensor, "nodes nodes"]:
    """[nodes, nodes] D^-½ A D^-½ as CSR, those that touch before what is touched.

    Args:
        pair: [2, pairs] interactions, each once.
        sizes: how many there are of either.
    """
    there = pair + torch.tensor([[0], [sizes[0]]])
    edges = torch.cat([there, there.flip(0)], dim=1)
    degree = torch.bincount(edges[0], minlength=sum(sizes)).clamp(min=1).float()
    weight = (degree[edges[0]] * degree[edges[1]]).rsqrt()
    return torch.sparse_coo_tensor(edges, weight, (sum(sizes), sum(sizes))).coalesce().to_sparse_csr()
