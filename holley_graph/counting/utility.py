"""The counted utility of every fitting part: effects of the hierarchy and the trend of the day.

It has two parts. The popularity of a product is what all vehicles share: effects of the product and of its part
type, and their trends. The lift of a fitment is the rest: how much more, or less, owners of this vehicle want this
part. Both are in nats, and their sum is the logarithm of a rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

from holley_graph import sealed
from holley_graph.counting import effects, levels, trend
from holley_graph.counting.effects import Effects
from holley_graph.counting.events import BIN_DAYS, KIND_WEIGHTS, Events, distinct, trend_bins
from holley_graph.counting.trend import Process, Trend
from holley_graph.keys import find_text
from holley_graph.snapshot.snapshot import Ints, Snapshot

Floats = npt.NDArray[np.float64]
AHEAD_DAYS = 15.0
"""A release serves the month after it: its middle is what the trend is asked about."""
TREND_OF = ("part_type", "product")
"""Groups of products that have a trend, wide ones first."""
SHARED = 2
"""Lines of `levels.PAIRS`, the first ones, that all vehicles share: part type and product."""
FILE = "effects.parquet"


@dataclass(frozen=True)
class Utility:
    """Log effects by key, trend included: what a release says of any vehicle and part, of later ones as well.

    Attributes:
        table: columns level (number of a line of `levels.PAIRS`), vehicle, product (keys of groups), value (nats).
    """

    table: pa.Table

    def apply(self, snapshot: Snapshot) -> tuple[Floats, Floats]:
        """Return the popularity [products] and the lift [fitments] of a snapshot; unknown groups add nothing."""
        vehicles, products = levels.vehicle_groups(snapshot), levels.product_groups(snapshot)
        popularity, lift = np.zeros(snapshot.products.num_rows), np.zeros(len(snapshot.fits))
        for number, (vehicle, product) in enumerate(levels.PAIRS):
            if number < SHARED:
                popularity += self._values(number, products[product].keys)[products[product].rows]
            else:
                cells = levels.pair_cells(snapshot.fits, vehicles[vehicle], products[product])
                lift += self._values(number, cells.product, cells.vehicle)[cells.rows]
        return popularity, lift

    def save(self, folder: Path) -> None:
        """Write it into a run folder."""
        pq.write_table(self.table, folder / FILE, compression="zstd")

    def _values(self, level: int, product: levels.Keys, vehicle: levels.Keys | None = None) -> Floats:
        """[cells] the value of each cell of a level, 0 where it has none."""
        own = self.table.filter(pc.equal(self.table["level"], level))
        wanted, known = pa.array(product, pa.string()), own["product"].cast(pa.string())
        if vehicle is not None:
            wanted = pc.binary_join_element_wise(pa.array(vehicle, pa.string()), wanted, SEPARATOR)
            known = pc.binary_join_element_wise(own["vehicle"].cast(pa.string()), known, SEPARATOR)
        values: Floats = np.append(own["value"].to_numpy(), 0.0)[find_text(known, wanted)]
        return values


SEPARATOR = "\x1f"
"""Between two keys that are compared as one; no key has it, for control characters are no part of a key."""


def load(folder: Path) -> Utility:
    """Read the utility of a run folder.

    Raises:
        ParcelError: it has none that can be read.
    """
    return Utility(sealed.table(folder / FILE, ["level", "vehicle", "product", "value"], "holley-graph train"))


@dataclass(frozen=True)
class Counted:
    """What counting knows of a snapshot.

    Attributes:
        events: that were counted.
        choices: [fitments] weighted number of choices that the effects were fitted to.
        effects: of the hierarchy.
        trend: of the products.
        utility: what is served of both.
        popularity: [products] how much everybody wants it in the weeks after the snapshot.
        lift: [fitments] how much more than everybody the owners of a vehicle want a part.
    """

    events: Events
    choices: Floats
    effects: Effects
    trend: Trend
    utility: Utility
    popularity: Floats
    lift: Floats

    def scores(self, snapshot: Snapshot) -> Floats:
        """[fitments] what is served: popularity and lift."""
        total: Floats = self.popularity[snapshot.fits[:, 1]] + self.lift
        return total

    def at(self, snapshot: Snapshot, fitment: Ints, time_bin: Ints) -> Floats:
        """[n] log utility of some fitments at some time.

        Args:
            snapshot: that was counted.
            fitment: [n] rows of its fitments.
            time_bin: [n] bins of `BIN_DAYS` backwards from `as_of`; before the trend begins there is none.
        """
        score: Floats = self.effects.summed()[fitment]
        moving = np.flatnonzero(time_bin < len(self.trend.path))
        newest_first = self.trend.path[::-1]
        score[moving] += newest_first[time_bin[moving], snapshot.fits[fitment[moving], 1]]
        return score


def count(
    snapshot: Snapshot, weights: Sequence[float] = KIND_WEIGHTS, processes: Sequence[Process] | None = None
) -> Counted:
    """Estimate effects and trend from everything that a snapshot knows.

    Args:
        snapshot: all of it is used.
        weights: how much a view, a cart and an order count as a choice.
        processes: of the trend; none: they are estimated.
    """
    events = distinct(snapshot, weights)
    fits = events.fitment >= 0
    choices = np.bincount(events.fitment[fits], events.weight[fits], len(snapshot.fits)).astype(float)
    fitted = effects.fit(snapshot, levels.cells(snapshot), choices)
    moved = _trend(snapshot, events, effects.log_shares(snapshot, fitted.summed()), processes)
    utility = _utility(snapshot, fitted, moved)
    return Counted(events, choices, fitted, moved, utility, *utility.apply(snapshot))


def forecast(snapshot: Snapshot, log_shares: Floats) -> Floats:
    """[products] how much more than usual each is wanted in the weeks after the snapshot.

    Args:
        snapshot: whose events say so.
        log_shares: [fitments] logarithm of the share of a vehicle's choices that usually falls on each product.
    """
    moved, groups = _trend(snapshot, distinct(snapshot), log_shares), levels.product_groups(snapshot)
    by_group = [values[groups[name].rows] for name, values in zip(TREND_OF, moved.forecasts, strict=True)]
    total: Floats = np.sum(by_group, axis=0)
    return total


def _utility(snapshot: Snapshot, fitted: Effects, moved: Trend) -> Utility:
    """Put effects and forecasts in one table; the forecast of a product or part type belongs to its effect."""
    groups = levels.product_groups(snapshot)
    forecasts = {name: moved.forecasts[number] for number, name in enumerate(TREND_OF)}
    parts = []
    for number, (cells, log) in enumerate(zip(fitted.cells, fitted.log, strict=True)):
        value = log
        if number < SHARED:
            group = groups[levels.PAIRS[number][1]]
            value = log + forecasts[levels.PAIRS[number][1]][find_text(group.keys, cells.product)]
        columns = [pa.array(key, pa.string()).dictionary_encode() for key in (cells.vehicle, cells.product)]
        level = pa.array(np.full(len(value), number, np.int8))
        parts.append(pa.table([level, *columns, pa.array(value)], ["level", "vehicle", "product", "value"]))
    return Utility(pa.concat_tables(parts).unify_dictionaries().combine_chunks())


def _trend(
    snapshot: Snapshot, events: Events, log_shares: Floats, processes: Sequence[Process] | None = None
) -> Trend:
    """Follow products since the first view or cart; orders of before tell no trend of their own.

    Events of people whose vehicle is unknown, or whose vehicle the part does not fit, are held against what all
    owners together would choose.
    """
    count = trend_bins(snapshot)
    products, vehicles = snapshot.products.num_rows, snapshot.vehicles.num_rows
    recent = events.bin < count
    fitment, weight, product = events.fitment[recent], events.weight[recent], events.product[recent]
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
    return trend.fit(counts, expected, [groups[name].rows for name in TREND_OF], BIN_DAYS, AHEAD_DAYS, processes)
