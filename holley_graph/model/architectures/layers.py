"""Parts that several architectures are made of: messages, folds of edges, sums over neighbours."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch_geometric.nn import SAGEConv


class Message(nn.Module):
    """What neighbours add to a receiver, V · m; V starts at nothing and is shrunk to it, as the tables are.

    A norm over what is added would undo the prior of the tables: messages overfitted by it (docs/experiments.md).
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(dim, dim))

    def forward(self, message: Float[Tensor, "receivers dim"]) -> Float[Tensor, "receivers dim"]:
        """Return what is added to the receiver, [receivers, dim]."""
        added: Tensor = message.to(self.weight.dtype) @ self.weight.T  # half precision ends here
        return added


class Folds(nn.Module):
    """Edges dealt into parts: one part is predicted while messages run over the others.

    Args:
        edges: how many.
        count: of parts; the part of this number is empty, and predicted while a model only encodes.

    Attributes:
        of: [edges] part of each.
    """

    of: Int[Tensor, " edges"]

    def __init__(self, edges: int, count: int) -> None:
        super().__init__()
        self.count = count
        self.register_buffer("of", torch.randperm(edges) % count, persistent=False)

    def predicted_in(self, step: int) -> int:
        """Return the part that is predicted in a step: each in turn."""
        return (step + 1) % self.count

    def counts(self, edge: Int[Tensor, " pairs"], fold: int) -> Float[Tensor, " pairs"]:
        """[pairs] what each counts in a step: 1 without an edge (−1), else the predicted part stands for all."""
        counts = torch.ones(len(edge), device=edge.device)
        counts[edge >= 0] = (self.of[edge[edge >= 0]] == fold) * float(self.count)
        return counts


class MeanConv(SAGEConv):  # type: ignore[misc]  # half typed upstream
    """SAGEConv whose means over neighbours stay in float32: CUDA has no sparse product with bfloat16."""

    def message_and_aggregate(
        self,
        adj_t: Float[Tensor, "receivers senders"],
        x: tuple[Float[Tensor, "senders dim"], Float[Tensor, "receivers _"] | None],
    ) -> Float[Tensor, "receivers dim"]:
        """Return the mean of what the neighbours send, [receivers, dim]."""
        with torch.autocast(x[0].device.type, enabled=False):
            received: Tensor = super().message_and_aggregate(adj_t, (x[0].to(adj_t.dtype), x[1]))
        return received


def mean_conv(dim: int) -> MeanConv:
    """W · mean over neighbours: the receiver itself is what the residual is added to."""
    return MeanConv((dim, dim), dim, root_weight=False, bias=False)


def find(keys: Int[Tensor, " keys"], wanted: Int[Tensor, "*wanted"]) -> Int[Tensor, "*wanted"]:
    """Return the place of each wanted number in ascending keys, −1 where it is not there."""
    if not len(keys):
        return torch.full_like(wanted, -1)
    at = torch.searchsorted(keys, wanted).clamp(max=len(keys) - 1)
    return torch.where(keys[at] == wanted, at, -1)


def gathered(
    adjacency: Float[Tensor, "receivers senders"], sent: Float[Tensor, "senders dim"]
) -> Float[Tensor, "receivers dim"]:
    """Sum what is sent, [receivers, dim], in float32: some devices have no sparse product in half precision."""
    with torch.autocast(sent.device.type, enabled=False):
        return adjacency @ sent.to(adjacency.dtype)


def adjacency(edges: Int[Tensor, "2 edges"], shape: tuple[int, int]) -> Float[Tensor, "receivers senders"]:
    """[receivers, senders] as CSR, over which messages are summed four times as fast as over pairs."""
    sender, receiver = edges
    ones = torch.ones(edges.shape[1])
    return torch.sparse_coo_tensor(torch.stack([receiver, sender]), ones, shape).coalesce().to_sparse_csr()
