"""Who chose what in the days after a cut, and among which parts a ranker had to find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holley_graph.snapshot.snapshot import ORDERED, Ints, Snapshot
from holley_graph.times import DAY


@dataclass(frozen=True)
class RankingTask:
    """Candidates and targets of each test user, laid out flat.

    Attributes:
        user: [users] rows of the *full* snapshot.
        vehicle: [users] vehicle rows, −1 where the graph has no vehicles.
        offsets: [users + 1] candidates of user i are `candidate[offsets[i]:offsets[i + 1]]`.
        candidate: [candidates] product rows: fitting, eligible, not bought before in any colour.
        is_target: [candidates] chosen within the window.
        warm: [users] had any interaction before the cut.
    """

    user: Ints
    vehicle: Ints
    offsets: Ints
    candidate: Ints
    is_target: npt.NDArray[np.bool_]
    warm: npt.NDArray[np.bool_]

    @property
    def owner(self) -> Ints:
        """[candidates] position of the test user that each candidate belongs to."""
        return np.repeat(np.arange(len(self.user)), np.diff(self.offsets))


Floats = npt.NDArray[np.float64]
Ranker = Callable[[RankingTask, Snapshot], Floats]
"""Given candidates and the snapshot cut at the task's time: [candidates] scores, higher is better."""


def future_choices(full: Snapshot, cut: int, days: int = 30, kind: int = ORDERED) -> RankingTask:
    """Build the task of predicting what is ordered, carted or viewed in `[cut, cut + days)`.

    Full ranking within the products that fit the user's vehicle, never sampled negatives. A part whose base SKU was
    bought is no candidate: contract §4 sends nobody another colour of what they have, whichever ranker is asked.
    Users of the window whose choices are not candidates (they do not fit, are not eligible or were bought before)
    are no test users.

    Args:
        full: a snapshot that knows the window.
        cut: epoch seconds.
        days: length of the window.
        kind: what counts as a choice, an index into `KINDS`.
    """
    at = full.event("at")
    inside = (full.event("kind") == kind) & (at >= cut) & (at < cut + days * DAY)
    pairs = np.unique(np.column_stack([full.event("user")[inside], full.event("product")[inside]]), axis=0)
    users = np.unique(pairs[:, 0])
    users = users[full.user_vehicle[users] >= 0]
    vehicle = full.user_vehicle[users]

    cells, starts = full.fitting(vehicle)
    owner, candidate = np.repeat(np.arange(len(vehicle)), np.diff(starts)), full.fits[cells, 1]
    eligible = np.asarray(full.products.column("eligible"), bool)
    past = full.before(cut)
    base = full.products.column("base_sku").combine_chunks().dictionary_encode().indices.to_numpy()
    bought = _keys(past.bought["user"].to_numpy(), base[past.bought["product"].to_numpy()], full)
    keep = eligible[candidate] & ~np.isin(_keys(users[owner], base[candidate], full), bought)
    owner, candidate = owner[keep], candidate[keep]

    target = np.isin(_keys(users[owner], candidate, full), _keys(pairs[:, 0], pairs[:, 1], full))
    has_target = np.bincount(owner[target], minlength=len(users)) > 0
    keep = has_target[owner]
    renumbered = np.cumsum(has_target) - 1
    owner, candidate, target = renumbered[owner[keep]], candidate[keep], target[keep]
    users, vehicle = users[has_target], vehicle[has_target]
    offsets = np.searchsorted(owner, np.arange(len(users) + 1)).astype(np.int64)
    return RankingTask(users, vehicle, offsets, candidate, target, np.isin(users, past.event("user")))


def _keys(user: Ints, product: Ints, snapshot: Snapshot) -> Ints:
    return np.asarray(user * snapshot.products.num_rows + product, np.int64)
