"""Events as counting sees them: in bins of time, and without repetitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from holley_graph.snapshot.snapshot import ORDERED, Ints, Snapshot
from holley_graph.times import DAY

Floats = npt.NDArray[np.float64]
BIN_DAYS = 15
KIND_WEIGHTS = (0.8, 0.8, 1.4)
"""How much a view, a cart and an order count as a choice, where the data are too few to say (see `weights`)."""


@dataclass(frozen=True)
class Events:
    """Events without repetitions: a person counts once for a product, a kind and a bin.

    Attributes:
        user: [events].
        product: [events].
        fitment: [events] of the person's vehicle, −1 where it is unknown or the product does not fit it.
        weight: [events] of the kind.
        bin: [events] backwards from `as_of`.
    """

    user: Ints
    product: Ints
    fitment: Ints
    weight: Floats
    bin: Ints


def distinct(snapshot: Snapshot, weights: Sequence[float] = KIND_WEIGHTS) -> Events:
    """Return the events of a snapshot without repetitions.

    Args:
        snapshot: all of its events.
        weights: how much a view, a cart and an order count as a choice.
    """
    user, product, kind, at = (snapshot.event(name) for name in ("user", "product", "kind", "at"))
    time_bin = bins(at, snapshot.as_of)
    last = int(time_bin.max(initial=0)) + 1
    key = np.unique(((user * snapshot.products.num_rows + product) * 3 + kind) * last + time_bin)
    key, time_bin = np.divmod(key, last)
    key, kind = np.divmod(key, 3)
    user, product = np.divmod(key, snapshot.products.num_rows)
    fitment = snapshot.fitment(snapshot.user_vehicle[user], product)
    return Events(user, product, fitment, np.take(weights, kind), time_bin)


def bins(at: Ints, as_of: int) -> Ints:
    """Number time backwards from `as_of` in bins of `BIN_DAYS`."""
    return np.asarray((as_of - 1 - at) // (BIN_DAYS * DAY), np.int64)


def trend_bins(snapshot: Snapshot) -> int:
    """Count the bins since the first view or cart: as far back as the trend reaches."""
    looked = snapshot.event("at")[snapshot.event("kind") != ORDERED]
    return int(bins(looked, snapshot.as_of).max(initial=-1)) + 1
