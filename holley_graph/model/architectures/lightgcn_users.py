"""LightGCN in its own setting, graphs without vehicles: one vector per user and product.

Three things make it fast where the paper takes a thousand epochs. All users and all that they touched are in every
step. The loss is a softmax over thousands of products drawn as often as they are touched (Wu et al., "On the
Effectiveness of Sampled Softmax Loss for Item Recommendation", TOIS 2024), on cosines:

    e = mean_k (D^-½ A D^-½)ᵏ E,   x = e / |e|
    loss = −Σ_{u touched i} ln [ exp(x_u · x_i / τ) / (exp(x_u · x_i / τ) + Σ_{j drawn} exp(x_u · x_j / τ)) ]
    s(u, i) = x_u · x_i / τ + ln n_i

What is drawn by popularity is told apart by what popularity does not say, so that the score has to say it again:
ln n_i, the touches of a product, is its popularity. And propagation takes gradients the way it takes vectors, so
that it is not differentiated. Scores of the drawn are in half precision (bfloat16), everything that is kept is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from holley_graph.embeddings.table import Tables
from holley_graph.model.architectures.catalogue import interactions, tables
from holley_graph.model.architectures.lightgcn import normalised, smoothed
from holley_graph.snapshot.snapshot import Snapshot

USERS_AT_ONCE = 2_048


@dataclass(frozen=True)
class LightGCNUsersConfig:
    """What can be tuned; chosen on validation items of Gowalla (docs/experiments.md)."""

    dim: int = 256
    """Length of a vector; 64 in the paper."""
    layers: int = 3
    """Depth of the propagation, as in the paper."""
    steps: int = 100
    """Full-batch steps of Adam."""
    rate: float = 0.05
    """Learning rate at the start; falls to nothing by half a cosine."""
    drawn: int = 4_096
    """Products of a step that all that is touched is told from."""
    temperature: float = 0.1
    """The τ of the softmax."""


def fit(snapshot: Snapshot, config: LightGCNUsersConfig, *, seed: int) -> tuple[Tables, dict[str, Tensor]]:
    """Train on a snapshot without vehicles, on the CPU.

    Returns:
        The embedding tables (of vehicles, models and makes empty), and the parameters.
    """
    seen = interactions(snapshot)
    seen.data[:] = 1  # once or often, viewed or bought: one interaction
    unit = torch.nn.functional.normalize(trained(seen, config, seed))
    user, product = (part.numpy() for part in unit.split(list(seen.shape)))
    count = np.bincount(seen.indices, minlength=seen.shape[1])
    popularity = np.log(np.maximum(count, 1))
    return tables(snapshot, user, product / config.temperature, product, popularity), {"unit": unit}


def trained(seen: sp.csr_matrix, config: LightGCNUsersConfig, seed: int) -> Tensor:
    """Train on everything that was touched.

    Args:
        seen: [users, products] 1 for what a user touched.
        config: see there.
        seed: of the start and of what is drawn.

    Returns:
        [users + products, dim], propagated.
    """
    torch.manual_seed(seed)
    pairs = seen.tocoo()
    graph = normalised(torch.from_numpy(np.stack([pairs.row, pairs.col]).astype(np.int64)), seen.shape)
    both = BothWays.of(seen)
    count = torch.from_numpy(np.bincount(seen.indices, minlength=seen.shape[1])).float()
    table = torch.nn.Parameter(torch.randn(sum(seen.shape), config.dim) * 0.1)
    optimiser = torch.optim.Adam([table], config.rate, betas=(0.9, 0.99))
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.steps)
    with torch.no_grad():
        for _ in range(config.steps):
            vectors = smoothed(graph, table, config.layers)
            length = vectors.norm(dim=1, keepdim=True).clamp(min=1e-8)
            unit = vectors / length
            drawn = torch.multinomial(count, min(config.drawn, len(count)), replacement=True)
            slope = _slope(unit, both, drawn, config.temperature)
            # of a direction only what is across it matters
            across = (slope - (slope * unit).sum(1, keepdim=True) * unit) / length
            table.grad = smoothed(graph, across, config.layers) / seen.nnz
            optimiser.step()
            falling.step()
        return smoothed(graph, table, config.layers)


@dataclass(frozen=True)
class BothWays:
    """What was touched, laid out by user and by item, so that no sum over neighbours is a scatter.

    Attributes:
        users: where the items of each user start, [users + 1], and which they are.
        items: where the users of each item start, [items + 1], and which they are.
        turned: [pairs] place in the order of users of each pair in the order of items.
    """

    users: tuple[Tensor, Tensor]
    items: tuple[Tensor, Tensor]
    turned: Tensor

    @classmethod
    def of(cls, seen: sp.csr_matrix) -> BothWays:
        """Sort both ways."""
        placed = sp.csr_matrix((np.arange(seen.nnz) + 1, seen.indices, seen.indptr), shape=seen.shape)
        by_item = placed.tocsc()
        users, items = ((torch.from_numpy(m.indptr), torch.from_numpy(m.indices)) for m in (placed, by_item))
        return cls(users, items, torch.from_numpy(by_item.data - 1))


def _slope(unit: Tensor, seen: BothWays, drawn: Tensor, temperature: float) -> Tensor:
    """[nodes, dim] gradient of the summed loss by the unit vectors."""
    users, items = len(seen.users[0]) - 1, len(seen.items[0]) - 1
    here, item = unit.split([users, items])
    wanted = torch.sparse_csr_tensor(*seen.users, torch.zeros(len(seen.turned)), (users, items))
    yes = torch.sparse.sampled_addmm(wanted, here, item.T, beta=0.0, alpha=1 / temperature).values()
    user = torch.repeat_interleave(torch.arange(users), seen.users[0].diff())
    half, other = here.bfloat16(), (item[drawn] / temperature).bfloat16()
    slope, by_drawn = torch.zeros_like(unit), torch.zeros(len(drawn), unit.shape[1])
    shift = 1 / (2 * temperature)  # cosines over temperature are within twice that: nothing overflows
    doubt = torch.empty_like(yes)
    for first in range(0, users, USERS_AT_ONCE):
        last = min(first + USERS_AT_ONCE, users)
        own = slice(int(seen.users[0][first]), int(seen.users[0][last]))
        apart = (half[first:last] @ other.T).sub_(shift).exp_()
        summed = apart.sum(1, dtype=torch.float32)
        everything = torch.logaddexp(yes[own], shift + summed.log()[user[own] - first])
        doubt[own] = -torch.expm1(yes[own] - everything)
        share = torch.zeros(last - first).index_add(0, user[own] - first, doubt[own]) / summed
        apart *= share[:, None].bfloat16()
        slope[first:last] = apart @ other
        by_drawn += apart.T @ half[first:last]
    pull = -doubt / temperature
    slope[:users] += torch.sparse_csr_tensor(*seen.users, pull, (users, items)) @ item
    slope[users:] += torch.sparse_csr_tensor(*seen.items, pull[seen.turned], (items, users)) @ here
    slope[users:].index_add_(0, drawn, by_drawn / temperature)
    return slope
