"""Training of the history layer: what someone did before a moment against what they chose at it.

The population's vectors stay fixed here. What the layer sees of a user at time t are decayed means of the
products they touched strictly before t, so that no target is among its own evidence.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from holley_graph.evaluation.targets import DAY
from holley_graph.model.likelihood import KIND_WEIGHTS, time_bins
from holley_graph.model.population import PopulationConfig
from holley_graph.model.sage import History
from holley_graph.snapshot.snapshot import KINDS, Ints, Snapshot

TARGETS = 60_000
"""Events that the layer learns from at most; the newest."""
EPOCHS = 4
BATCH = 4_000
L2 = 1e-3


def history_means(snapshot: Snapshot, z: Tensor, user: Ints, at: Ints, config: PopulationConfig) -> Tensor:
    """Average what users touched strictly before a time, newer things more.

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
    event_user, event_at, product = (snapshot.event(c) for c in ("user", "at", "product"))
    start = np.searchsorted(event_user, user)
    # events are sorted by (user, at): one combined key finds the first that is not before `at`
    span = snapshot.as_of + 1
    stop = np.searchsorted(event_user * span + event_at, user * span + at)
    fresh = np.exp2((event_at - snapshot.as_of) / half_life)
    scale = torch.from_numpy(np.exp2((snapshot.as_of - at) / half_life))
    means = []
    for kind in range(len(KINDS)):
        weight = torch.from_numpy(fresh * (snapshot.event("kind") == kind))
        total = _before(weight[:, None], start, stop) * scale[:, None]
        summed = _before(weight[:, None] * z.detach().double()[product], start, stop) * scale[:, None]
        means.append(summed / (config.history_prior + total))
    return torch.stack(means, 1).to(z.dtype)


def fit_history(
    snapshot: Snapshot, q: Tensor, z: Tensor, popularity: Tensor, config: PopulationConfig, seed: int = 0
) -> History:
    """Learn what a history adds, by the same softmax over what fits.

    Args:
        snapshot: events up to its `as_of`.
        q: [vehicles, dim] fixed.
        z: [products, dim] fixed.
        popularity: [products, bins] fixed.
        config: see there.
        seed: of the batches; whatever the population drew before, the same vectors give the same layer.
    """
    layer = History(config.dim)
    user, at, vehicle, product, weight = _targets(snapshot)
    if not len(user):
        return layer
    means = history_means(snapshot, z, user, at, config)
    bins = time_bins(at, snapshot.as_of, config.bins, config.bin_days)
    optimiser = torch.optim.Adam(layer.parameters(), lr=0.02, weight_decay=0)
    batches = torch.Generator().manual_seed(seed)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(user), generator=batches).split(BATCH):
            rows = batch.numpy()
            cells, offsets = snapshot.fitting(vehicle[rows])
            candidate = torch.from_numpy(snapshot.fits[cells, 1])
            owner = torch.from_numpy(np.repeat(np.arange(len(rows)), np.diff(offsets)))
            query = q[vehicle[rows]] + layer(means[batch])
            score = (query[owner] * z[candidate]).sum(1) + popularity[
                candidate, torch.from_numpy(bins[rows])[owner]
            ]
            chosen = candidate == torch.from_numpy(product[rows])[owner]
            normaliser = torch.zeros(len(rows)).index_add(0, owner, (score - 30).clamp(max=50).exp()).log() + 30
            loss = (torch.from_numpy(weight[rows]) * (normaliser - score[chosen])).mean()
            optimiser.zero_grad()
            (loss + L2 * layer.weights.square().sum()).backward()
            optimiser.step()
    return layer


def _targets(snapshot: Snapshot) -> tuple[Ints, Ints, Ints, Ints, npt.NDArray[np.float32]]:
    """Newest events with a fitting product and something before them: user, time, vehicle, product, weight."""
    user, at, product, kind = (snapshot.event(c) for c in ("user", "at", "product", "kind"))
    vehicle = snapshot.user_vehicle[user]
    pairs = snapshot.fits[:, 0] * snapshot.products.num_rows + snapshot.fits[:, 1]
    first = np.minimum.reduceat(at, np.searchsorted(user, np.unique(user))) if len(user) else at
    earlier = first[np.searchsorted(np.unique(user), user)] < at
    usable = np.flatnonzero(
        earlier & (vehicle >= 0) & np.isin(vehicle * snapshot.products.num_rows + product, pairs)
    )
    newest = np.sort(usable[np.argsort(-at[usable], kind="stable")[:TARGETS]])
    weight = np.take(np.array(KIND_WEIGHTS, np.float32), kind[newest])
    return user[newest], at[newest], vehicle[newest], product[newest], weight


def _before(values: Tensor, start: Ints, stop: Ints) -> Tensor:
    """[n, width] sums of values[start:stop] by one running sum."""
    running = functional.pad(values.cumsum(0), (0, 0, 1, 0))
    return running[stop] - running[start]
