"""The user layer: what somebody did adds to what their vehicle says.

It is the last layer of every model, with one matrix per kind of interaction, and aggregates only what the user did
before the moment that is predicted:

    r_u(t) = Σ_k W_k · (Σ_j d(t − t_j) z_{p_j}) / (c + Σ_j d(t − t_j)),   d(a) = 2^(−a / half-life)
    q_u = q_v + r_u
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor, nn

from holley_graph.model.architectures.fitment_ranker import FitmentRankerConfig
from holley_graph.ragged import laid_out
from holley_graph.snapshot.snapshot import KINDS, Snapshot
from holley_graph.times import DAY


class History(nn.Module):
    """What decayed means of a history add to a vector.

    Args:
        dim: length of product vectors.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(len(KINDS), dim, dim))

    def forward(self, means: Float[Tensor, "users kinds dim"]) -> Float[Tensor, "users dim"]:
        """Turn shrunk decayed means [users, kinds, dim] into residuals [users, dim]."""
        return torch.einsum("ukd,kde->ue", means, self.weights)


def history_means(
    snapshot: Snapshot,
    z: Float[Tensor, "products dim"],
    user: Int[np.ndarray, " n"],
    at: Int[np.ndarray, " n"],
    config: FitmentRankerConfig,
) -> Float[Tensor, "n kinds dim"]:
    """Average what users interacted with strictly before a time, newer things more.

    Args:
        snapshot: its events are the histories.
        z: [products, dim].
        user: [n] user rows.
        at: [n] epoch seconds.
        config: half-life and prior.

    Returns:
        [n, kinds, dim] Σ d z / (c + Σ d), zero without history.
    """
    half_life = config.history_half_life_days * DAY
    event_user, event_at, product, event_kind = (snapshot.event(c) for c in ("user", "at", "product", "kind"))
    start = np.searchsorted(event_user, user)
    # events are sorted by (user, at): one combined key finds the first that is not before `at`
    span = snapshot.as_of + 1
    stop = np.searchsorted(event_user * span + event_at, user * span + at)
    size = stop - start
    owner, event = np.repeat(np.arange(len(user)), size), laid_out(start, size)
    weight = np.exp2((event_at[event] - at[owner]) / half_life)
    vectors = z.detach().double().numpy()
    means = []
    for kind in range(len(KINDS)):
        own = event_kind[event] == kind
        cells = owner[own], product[event[own]]
        history = sparse.csr_array((weight[own], cells), (len(user), len(vectors)))
        means.append(history @ vectors / (config.history_prior + history.sum(1))[:, None])
    return torch.from_numpy(np.stack(means, 1)).to(z.dtype)
