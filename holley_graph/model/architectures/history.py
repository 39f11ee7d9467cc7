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
from torch import Tensor, nn
from torch.nn import functional

from holley_graph.model.architectures.fitment_ranker import FitmentRankerConfig
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
    is_asked = np.zeros(snapshot.users.num_rows, bool)
    is_asked[user] = True
    known = is_asked[snapshot.event("user")]
    event_user, event_at, product, event_kind = (
        snapshot.event(c)[known] for c in ("user", "at", "product", "kind")
    )
    start = np.searchsorted(event_user, user)
    # events are sorted by (user, at): one combined key finds the first that is not before `at`
    span = snapshot.as_of + 1
    stop = np.searchsorted(event_user * span + event_at, user * span + at)
    fresh = np.exp2((event_at - snapshot.as_of) / half_life)
    scale = torch.from_numpy(np.exp2((snapshot.as_of - at) / half_life))
    means = []
    for kind in range(len(KINDS)):
        weight = torch.from_numpy(fresh * (event_kind == kind))
        total = _before(weight[:, None], start, stop) * scale[:, None]
        summed = _before(weight[:, None] * z.detach().double()[product], start, stop) * scale[:, None]
        means.append(summed / (config.history_prior + total))
    return torch.stack(means, 1).to(z.dtype)


def _before(
    values: Float[Tensor, "events width"], start: Int[np.ndarray, " n"], stop: Int[np.ndarray, " n"]
) -> Float[Tensor, "n width"]:
    """[n, width] sums of values[start:stop] by one running sum."""
    running = functional.pad(values.cumsum(0), (0, 0, 1, 0))
    return running[stop] - running[start]
