"""LightGCN's own setting, one vector per user and item, trained in minutes instead of a thousand epochs.

The propagation is the project's (`holley_graph.model.architectures.lightgcn`). Three things make it fast. All users
and all that they touched are in every step. The loss is a softmax over thousands of items drawn as often as they
are touched (Wu et al., "On the Effectiveness of Sampled Softmax Loss for Item Recommendation", TOIS 2024), on
cosines:

    e = mean_k (D^-½ A D^-½)ᵏ E,   x = e / |e|
    loss = −Σ_{u touched i} ln [ exp(x_u · x_i / τ) / (exp(x_u · x_i / τ) + Σ_{j drawn} exp(x_u · x_j / τ)) ]
    s(u, i) = x_u · x_i / τ + ln n_i

What is drawn by popularity is told apart by what popularity does not say, so that the score has to say it again:
ln n_i, the touches of an item, one more coordinate. And propagation takes gradients the way it takes vectors, so
that it is not differentiated. Scores of the drawn are in half precision (bfloat16), everything that is kept is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from holley_graph.model.architectures.lightgcn import normalised, smoothed

USERS_AT_ONCE = 2_048


@dataclass(frozen=True)
class Options:
    """What can be tuned; chosen on validation items (docs/experiments.md)."""

    dim: int = 256
    """Length of a vector; 64 in the paper."""
    layers: int = 3
    """Depth of the propagation, as in the paper."""
    steps: int = 100
    """Full-batch steps of Adam."""
    rate: float = 0.05
    """Learning rate at the start; falls to nothing by half a cosine."""
    drawn: int = 4_096
    """Items of a step that all that is touched is told from."""
    temperature: float = 0.1
    """The τ of the softmax."""


Look = Callable[[int, Tensor, Tensor], None]
"""Shown the step, queries [users, dim + 1] and items [items, dim + 1]; their inner product is the score."""


def fit(touched: sp.csr_matrix, options: Options, seed: int, look: Look | None = None, every: int = 0) -> None:
    """Train on everything that was touched.

    Args:
        touched: [users, items] 1 for what a user touched.
        options: see there.
        seed: of the start and of what is drawn.
        look: shown the vectors after the last step, and between.
        every: steps after which they are shown, 0 for the last alone.
    """
    torch.manual_seed(seed)
    pairs = touched.tocoo()
    graph = normalised(torch.from_numpy(np.stack([pairs.row, pairs.col]).astype(np.int64)), touched.shape)
    both = Interactions.of(touched)
    count = torch.from_numpy(np.bincount(touched.indices, minlength=touched.shape[1])).float()
    table = torch.nn.Parameter(torch.randn(sum(touched.shape), options.dim) * 0.1)
    optimiser = torch.optim.Adam([table], options.rate, betas=(0.9, 0.99))
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, options.steps)
    with torch.no_grad():
        for step in range(1, options.steps + 1):
            vectors = smoothed(graph, table, options.layers)
            length = vectors.norm(dim=1, keepdim=True).clamp(min=1e-8)
            unit = vectors / length
            drawn = torch.multinomial(count, options.drawn, replacement=True)
            slope = _slope(unit, both, drawn, options.temperature)
            # of a direction only what is across it matters
            across = (slope - (slope * unit).sum(1, keepdim=True) * unit) / length
            table.grad = smoothed(graph, across, options.layers) / touched.nnz
            optimiser.step()
            falling.step()
            if look and (step == options.steps or (every and step % every == 0)):
                look(step, *served(smoothed(graph, table, options.layers), count, options.temperature))


def served(vectors: Tensor, count: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return what an inner product scores: cosine over temperature, and the popularity that it was freed of."""
    unit = torch.nn.functional.normalize(vectors)
    users, items = unit.split([len(unit) - len(count), len(count)])
    one = torch.ones(len(users), 1)
    return torch.cat([users, one], 1), torch.cat([items / temperature, count.clamp(min=1).log()[:, None]], 1)


@dataclass(frozen=True)
class Interactions:
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
    def of(cls, touched: sp.csr_matrix) -> Interactions:
        """Sort both ways."""
        placed = sp.csr_matrix((np.arange(touched.nnz) + 1, touched.indices, touched.indptr), shape=touched.shape)
        by_item = placed.tocsc()
        starts = [(torch.from_numpy(m.indptr), torch.from_numpy(m.indices)) for m in (placed, by_item)]
        return cls(*starts, torch.from_numpy(by_item.data - 1))


def _slope(unit: Tensor, touched: Interactions, drawn: Tensor, temperature: float) -> Tensor:
    """[nodes, dim] gradient of the summed loss by the unit vectors."""
    users, items = len(touched.users[0]) - 1, len(touched.items[0]) - 1
    here, item = unit.split([users, items])
    wanted = torch.sparse_csr_tensor(*touched.users, torch.zeros(len(touched.turned)), (users, items))
    yes = torch.sparse.sampled_addmm(wanted, here, item.T, beta=0.0, alpha=1 / temperature).values()
    user = torch.repeat_interleave(torch.arange(users), touched.users[0].diff())
    half, rival = here.bfloat16(), (item[drawn] / temperature).bfloat16()
    slope, by_drawn = torch.zeros_like(unit), torch.zeros(len(drawn), unit.shape[1])
    shift = 1 / (2 * temperature)  # cosines over temperature are within twice that: nothing overflows
    doubt = torch.empty_like(yes)
    for first in range(0, users, USERS_AT_ONCE):
        last = min(first + USERS_AT_ONCE, users)
        own = slice(int(touched.users[0][first]), int(touched.users[0][last]))
        apart = (half[first:last] @ rival.T).sub_(shift).exp_()
        summed = apart.sum(1, dtype=torch.float32)
        everything = torch.logaddexp(yes[own], shift + summed.log()[user[own] - first])
        doubt[own] = -torch.expm1(yes[own] - everything)
        share = torch.zeros(last - first).index_add(0, user[own] - first, doubt[own]) / summed
        apart *= share[:, None].bfloat16()
        slope[first:last] = apart @ rival
        by_drawn += apart.T @ half[first:last]
    pull = -doubt / temperature
    slope[:users] += torch.sparse_csr_tensor(*touched.users, pull, (users, items)) @ item
    slope[users:] += torch.sparse_csr_tensor(*touched.items, pull[touched.turned], (items, users)) @ here
    slope[users:].index_add_(0, drawn, by_drawn / temperature)
    return slope
