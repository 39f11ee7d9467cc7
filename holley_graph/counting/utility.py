"""The counted utility of every fitting part: effects of the hierarchy and the trend of the day.

It has two parts. The popularity of a product is what all vehicles share: effects of the product and of its part
type, and their trends. The lift of a fitment is the rest: how much more, or less, owners of this vehicle want this
part. Both are in nats, and their sum is the logarithm of a rate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from holley_graph.counting import effects, levels, trend
from holley_graph.counting.effects import Effects
from holley_graph.counting.trend import Trend
from holley_graph.snapshot.snapshot import ORDERED, Ints, Snapshot

Floats = npt.NDArray[np.float64]
DAY = 86_400
BIN_DAYS = 15
AHEAD_DAYS = 15.0
"""A release serves the month after it: its middle is what the trend is asked about."""
KIND_WEIGHTS = (0.5, 1.0, 1.0)
"""How much a view, a cart and an order count as a choice."""
TREND_OF = ("part_type", "product")
"""Groups of products that have a trend, wide ones first."""
SHARED = 2
"""Lines of `levels.PAIRS`, the first ones, that all vehicles share: part type and product."""


@dataclass(frozen=True)
class Counted:
    """What counting knows of a snapshot.

    Attributes:
        choices: [fitments] weighted number of choices that the effects were fitted to.
        effects: of the hierarchy.
        trend: of the products.
        popularity: [products] how much everybody wants it in the weeks after the snapshot.
        lift: [fitments] how much more than everybody the owners of a vehicle want a part.
    """

    choices: Floats
    effects: Effects
    trend: Trend
    popularity: Floats
    lift: Floats

    def scores(self, snapshot: Snapshot) -> Floats:
        """[fitments] popularity and lift together."""
        total: Floats = self.popularity[snapshot.fits[:, 1]] + self.lift
        return total


def count(snapshot: Snapshot) -> Counted:
    """Estimate effects and trend from everything that a snapshot knows."""
    events = _distinct(snapshot)
    fitment = snapshot.fitment(snapshot.user_vehicle[events.user], events.product)
    weight = np.take(KIND_WEIGHTS, events.kind)
    fits = fitment >= 0
    choices = np.bincount(fitment[fits], weight[fits], len(snapshot.fits)).astype(float)
    fitted = effects.fit(snapshot, levels.cells(snapshot), choices)
    moved = _trend(snapshot, events, fitment, weight, effects.log_shares(snapshot, fitted.summed()))
    popularity = np.zeros(snapshot.products.num_rows)
    popularity[snapshot.fits[:, 1]] = fitted.summed(slice(SHARED))
    groups = levels.product_groups(snapshot)
    for name, forecast in zip(TREND_OF, moved.forecasts, strict=True):
        popularity += forecast[groups[name].rows]
    return Counted(choices, fitted, moved, popularity, fitted.summed(slice(SHARED, None)))


@dataclass(frozen=True)
class _Events:
    """Events without repetitions: a person counts once for a product, a kind and a bin.

    Attributes:
        user, product, kind: [events].
        bin: [events] backwards from `as_of`.
    """

    user: Ints
    product: Ints
    kind: Ints
    bin: Ints


def _distinct(snapshot: Snapshot) -> _Events:
    user, product, kind, at = (snapshot.event(name) for name in ("user", "product", "kind", "at"))
    time_bin = bins(at, snapshot.as_of)
    last = int(time_bin.max(initial=0)) + 1
    key = np.unique(((user * snapshot.products.num_rows + product) * 3 + kind) * last + time_bin)
    key, time_bin = np.divmod(key, last)
    key, kind = np.divmod(key, 3)
    user, product = np.divmod(key, snapshot.products.num_rows)
    return _Events(user, product, kind, time_bin)


def bins(at: Ints, as_of: int) -> Ints:
    """Number time backwards from `as_of` in bins of `BIN_DAYS`."""
    return np.asarray((as_of - 1 - at) // (BIN_DAYS * DAY), np.int64)


def trend_bins(snapshot: Snapshot) -> int:
    """Count the bins since the first view or cart: as far back as the trend reaches."""
    looked = snapshot.event("at")[snapshot.event("kind") != ORDERED]
    return int(bins(looked, snapshot.as_of).max(initial=-1)) + 1


def _trend(snapshot: Snapshot, events: _Events, fitment: Ints, weight: Floats, log_shares: Floats) -> Trend:
    """Follow products since the first view or cart; orders of before tell no trend of their own.

    Events of people whose vehicle is unknown, or whose vehicle the part does not fit, are held against what all
    owners together would choose.
    """
    count = trend_bins(snapshot)
    products, vehicles = snapshot.products.num_rows, snapshot.vehicles.num_rows
    recent = events.bin < count
    fitment, weight, product = fitment[recent], weight[recent], events.product[recent]
    row = count - 1 - events.bin[recent]  # oldest first
    shares = csr_matrix((np.exp(log_shares), snapshot.fits.T), (vehicles, products))
    owners = np.asarray(snapshot.vehicles.column("owners").to_numpy(), float)
    everybody = (owners / max(owners.sum(), 1)) @ shares
    known = fitment >= 0
    of_vehicle = csr_matrix((weight[known], (row[known], snapshot.fits[fitment[known], 0])), (count, vehicles))
    unknown = np.bincount(row[~known], weight[~known], count)
    expected = np.asarray((of_vehicle @ shares).todense()) + unknown[:, None] * everybody
    counts = np.zeros((count, products))
    np.add.at(counts, (row, product), weight)
    counts[:, everybody <= 0] = 0.0  # what fits nobody's vehicle is not expected either
    groups = levels.product_groups(snapshot)
    return trend.fit(counts, expected, [groups[name].rows for name in TREND_OF], BIN_DAYS, AHEAD_DAYS)
