"""Training of the history layer and of the paths: what someone did before a release, what they chose after it.

The vectors of vehicles and products stay fixed here. What the layer sees of a user at time t are decayed means of
the products of their events strictly before t, so that no target is among its own evidence. It is asked about the
month after t, not about the next click: a vector is served for weeks. A matrix is drawn to the nearest multiple of
one: how much more, or less, of the same is wanted after a view, a cart, an order is three numbers, which everybody
teaches. The weights of paths are fitted together with it: each explains what the other does not. Counting is asked
what it would say without this person's own choices, for it knows all of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from holley_graph.counting.events import bins
from holley_graph.counting.leave_one_out import left_out
from holley_graph.counting.utility import Counted
from holley_graph.embeddings.paths import KINDS as KINDS_OF_PATHS
from holley_graph.embeddings.paths import Paths
from holley_graph.evaluation import trails
from holley_graph.model.architectures.fitment_ranker import FitmentRankerConfig
from holley_graph.model.architectures.history import History, history_means
from holley_graph.model.architectures.likelihood import log_normaliser, scores_of
from holley_graph.snapshot.snapshot import VIEWED, Ints, Snapshot
from holley_graph.times import DAY

RELEASES, RELEASE_DAYS = 3, 30
"""What was carted and ordered after each of the last so many releases, so many days apart, is learned from.

A view is no choice: learned from views, paths say too much of what was only looked at again.
"""
TARGETS = 20_000
"""Carts and orders that the layer learns from at most; the newest."""
STEPS = 40
"""Of L-BFGS, on a loss that is convex but for the gain of paths."""
SHAPE_L2 = 100.0
"""Penalty on a matrix being no multiple of one, in events."""
SCALE_L2 = 10.0
"""Penalty on that multiple, in events."""
PATH_L2 = 4.0
"""Penalty on the weight of a kind of paths, in events."""
GAIN_L2 = 1.0
"""Penalty on the logarithm of the gain of paths, in events."""


def fit_history(
    snapshot: Snapshot,
    q: Float[Tensor, "vehicles dim"],
    z: Float[Tensor, "products dim"],
    counted: Counted,
    config: FitmentRankerConfig,
) -> tuple[History, Paths]:
    """Learn what a history adds, inside the vectors and beside them, by the same softmax over what fits.

    Args:
        snapshot: events up to its `as_of`.
        q: [vehicles, dim] fixed.
        z: [products, dim] fixed.
        counted: fixed.
        config: see there.
    """
    layer = History(config.dim)
    user, release, at, vehicle, product = _targets(snapshot)
    if not len(user):
        return layer, Paths()
    means = history_means(snapshot, z, user, release, config)
    cells, offsets = snapshot.fitting(vehicle)
    owner, candidate = np.repeat(np.arange(len(user)), np.diff(offsets)), snapshot.fits[cells, 1]
    scored = scores_of(offsets, candidate, z)
    offset = counted.at(cells, bins(at, snapshot.as_of)[owner])
    offset = offset + left_out(snapshot, counted, user[owner], cells)
    chosen = torch.from_numpy(candidate == product[owner])
    chooser = torch.from_numpy(owner)
    without = scored(q[vehicle]) + torch.from_numpy(offset).to(z.dtype)
    strengths = torch.from_numpy(_strengths(snapshot, user[owner], release[owner], candidate)).to(z.dtype)
    reached = strengths.any(1).nonzero().squeeze(1)  # most candidates are on no path
    strengths = strengths[reached]
    weights = torch.zeros(len(KINDS_OF_PATHS), dtype=z.dtype, requires_grad=True)
    log_gain = torch.zeros((), dtype=z.dtype, requires_grad=True)
    parameters = [*layer.parameters(), weights, log_gain]
    optimizer = torch.optim.LBFGS(parameters, max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> Float[Tensor, ""]:
        optimizer.zero_grad()
        of_paths = torch.log1p(log_gain.exp() * strengths) @ weights
        score = (without + scored(layer(means))).index_add(0, reached, of_paths)
        nll = log_normaliser(score, chooser, len(user)) - score[chosen]
        value: Tensor = (nll.sum() + _penalty(layer.weights, weights, log_gain)) / len(user)
        value.backward()
        return value

    optimizer.step(loss)
    learned = dict(zip(KINDS_OF_PATHS, weights.tolist(), strict=True))
    return layer, Paths(**learned, gain=float(log_gain.detach().exp()))


def _strengths(snapshot: Snapshot, user: Ints, release: Ints, product: Ints) -> npt.NDArray[np.float64]:
    """[n, kinds] the strength of what a user did before a release on the paths to a product."""
    result = np.empty((len(user), len(KINDS_OF_PATHS)))
    for at in np.unique(release):
        is_of_release = release == at
        reached = trails.reached(snapshot, int(at), Paths.half_life_days)
        result[is_of_release] = reached.strengths(user[is_of_release], product[is_of_release])
    return result


def _penalty(
    weights: Float[Tensor, "kinds dim dim"], of_paths: Float[Tensor, " paths"], log_gain: Float[Tensor, ""]
) -> Float[Tensor, ""]:
    """Return the negative log prior of the layer, of the paths and of their gain, in events (up to constants)."""
    dim = weights.shape[1]
    scale = weights.diagonal(dim1=1, dim2=2).mean(1)
    shape = weights - scale[:, None, None] * torch.eye(dim)
    penalty: Tensor = (SHAPE_L2 * shape.square().sum() + SCALE_L2 * scale.square().sum()) / 2
    return penalty + (PATH_L2 * of_paths.square().sum() + GAIN_L2 * log_gain.square()) / 2


def _targets(snapshot: Snapshot) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Newest carts and orders of a fitting product by users with a history by the release before them.

    Returns:
        User, time of the release, time of the event, vehicle, product.
    """
    user, at, product, kind = (snapshot.event(c) for c in ("user", "at", "product", "kind"))
    vehicle = snapshot.user_vehicle[user]
    month = (snapshot.as_of - 1 - at) // (RELEASE_DAYS * DAY)
    release = snapshot.as_of - (month + 1) * RELEASE_DAYS * DAY
    people, begins = np.unique(user, return_index=True)  # events are sorted by (user, at)
    first = at[begins][np.searchsorted(people, user)]
    known = (month < RELEASES) & (first < release) & (kind != VIEWED)
    usable = np.flatnonzero(known & (snapshot.fitment(vehicle, product) >= 0))
    newest = np.sort(usable[np.argsort(-at[usable], kind="stable")[:TARGETS]])
    return user[newest], release[newest], at[newest], vehicle[newest], product[newest]
