"""The counted utility of every fitting part: effects of the hierarchy and the trend of the day.

It has two parts. The popularity of a product is what all vehicles share: effects of the product and of its part
type, and their trends. The lift of a fitment is the rest: how much more, or less, owners of this vehicle want this
part. Both are in nats, and their sum is the logarithm of a rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

from holley_graph import sealed
from holley_graph.counting import effects, levels, likeness, trend
from holley_graph.counting.effects import Effects
from holley_graph.counting.events import BIN_DAYS, KIND_WEIGHTS, Events, distinct, trend_bins
from holley_graph.counting.levels import Grouping, Groups
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
FILE, COLUMNS = "effects.parquet", ["level", "vehicle", "product", "value", "weight"]


@dataclass(frozen=True)
class Utility:
    """Log effects by key, trend included: what a release says of any vehicle and part, of later ones as well.

    Attributes:
        table: columns level (number of a line of `levels.PAIRS`), vehicle, product (keys of groups), value (nats),
            weight (what the group counts towards one of a like name that is unknown).
    """

    table: pa.Table

    def apply(self, snapshot: Snapshot) -> tuple[Floats, Floats]:
        """Return the popularity [products] and the lift [fitments] of a snapshot.

        Groups of products that are unknown add what like names say; whatever else is unknown adds nothing.
        """
        placed = levels.groups(snapshot)
        return _summed(placed, [self._values(placed, level) for level in range(len(levels.PAIRS))])

    def save(self, folder: Path) -> None:
        """Write it into a run folder."""
        pq.write_table(self.table, folder / FILE, compression="zstd")

    def _values(self, placed: Groups, level: int) -> Floats:
        """[cells] the value of each cell of a level, and what like names say of one that it lacks."""
        own, cells = self.table.filter(pc.equal(self.table["level"], level)), placed.cells[level]
        rows = zip(placed.keys(level), (cells.vehicle, cells.product), strict=True)
        wanted = _pairs(*(pa.array(keys, pa.string()).take(pa.array(group)) for keys, group in rows))
        keys = [own[name].cast(pa.string()) for name in ("vehicle", "product")]
        place, counted, weight = find_text(_pairs(*keys), wanted), own["value"].to_numpy(), own["weight"].to_numpy()
        values: Floats = np.append(counted, 0.0)[place]
        lacking = place < 0
        if lacking.any() and weight.any():
            vehicle, product = placed.keys(level)
            missing = vehicle[cells.vehicle[lacking]], product[cells.product[lacking]]
            vehicles, products = (levels.grouping(column) for column in keys)
            values[lacking] = likeness.of_unseen(vehicles, products, counted, weight, missing)
        return values


def _pairs(vehicle: pa.Array, product: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(vehicle, product, SEPARATOR)


SEPARATOR = "\x1f"
"""Between two keys that are compared as one; no key has it, for control characters are no part of a key."""


def load(folder: Path) -> Utility:
    """Read the utility of a run folder.

    Raises:
        ParcelError: it has none that can be read.
    """
    return Utility(sealed.table(folder / FILE, COLUMNS, "holley-graph train"))


@dataclass(frozen=True)
class Counted:
    """What counting knows of a snapshot.

    Attributes:
        groups: of the snapshot.
        events: that were counted.
        choices: [fitments] weighted number of choices that the effects were fitted to.
        effects: of the hierarchy.
        trend: of the products.
    """

    groups: Groups
    events: Events
    choices: Floats
    effects: Effects
    trend: Trend

    @cached_property
    def values(self) -> list[Floats]:
        """Of each level, [cells] the log effect; the forecast of a product or part type belongs to its effect."""
        values = list(self.effects.log)
        for number, name in enumerate(TREND_OF):
            level = levels.PAIRS.index(("everybody", name))
            values[level] = values[level] + self.trend.forecasts[number][self.groups.cells[level].product]
        return values

    @cached_property
    def served(self) -> tuple[Floats, Floats]:
        """Popularity [products] and lift [fitments]."""
        return _summed(self.groups, self.values)

    @property
    def popularity(self) -> Floats:
        """[products] how much everybody wants it in the weeks after the snapshot."""
        return self.served[0]

    @property
    def lift(self) -> Floats:
        """[fitments] how much more than everybody the owners of a vehicle want a part."""
        return self.served[1]

    @property
    def scores(self) -> Floats:
        """[fitments] what is served: popularity and lift."""
        total: Floats = self.popularity[self.groups.fits[:, 1]] + self.lift
        return total

    @property
    def utility(self) -> Utility:
        """What is served, by key."""
        parts = []
        for level, value in enumerate(self.values):
            cells, keys = self.groups.cells[level], self.groups.keys(level)
            rows = zip(keys, (cells.vehicle, cells.product), strict=True)
            named = [pa.DictionaryArray.from_arrays(group, pa.array(key, pa.string())) for key, group in rows]
            number = pa.array(np.full(len(value), level, np.int8))
            parts.append(pa.table([number, *named, pa.array(value), pa.array(self.effects.weight[level])], COLUMNS))
        return Utility(pa.concat_tables(parts).unify_dictionaries().combine_chunks())

    def at(self, fitment: Ints, time_bin: Ints) -> Floats:
        """[n] log utility of some fitments at some time.

        Args:
            fitment: [n] rows of fitments.
            time_bin: [n] bins of `BIN_DAYS` backwards from `as_of`; before the trend begins there is none.
        """
        score: Floats = self.effects.summed()[fitment]
        moving = np.flatnonzero(time_bin < len(self.trend.path))
        newest_first = self.trend.path[::-1]
        score[moving] += newest_first[time_bin[moving], self.groups.fits[fitment[moving], 1]]
        return score


def count(
    snapshot: Snapshot,
    weights: Sequence[float] = KIND_WEIGHTS,
    processes: Sequence[Process] | None = None,
    groups: Groups | None = None,
) -> Counted:
    """Estimate effects and trend from everything that a snapshot knows.

    Args:
        snapshot: all of it is used.
        weights: how much a view, a cart and an order count as a choice.
        processes: of the trend; none: they are estimated.
        groups: of the snapshot; none: they are made.
    """
    groups = groups or levels.groups(snapshot)
    events = distinct(snapshot, weights)
    fits = events.fitment >= 0
    choices = np.bincount(events.fitment[fits], events.weight[fits], len(snapshot.fits)).astype(float)
    fitted = effects.fit(snapshot, groups.cells, choices, groups.alike)
    moved = _trend(snapshot, events, effects.log_shares(snapshot, fitted.summed()), groups.products, processes)
    return Counted(groups, events, choices, fitted, moved)


def forecast(snapshot: Snapshot, log_shares: Floats) -> Floats:
    """[products] how much more than usual each is wanted in the weeks after the snapshot.

    Args:
        snapshot: whose events say so.
        log_shares: [fitments] logarithm of the share of a vehicle's choices that usually falls on each product.
    """
    groups = levels.product_groups(snapshot)
    moved = _trend(snapshot, distinct(snapshot), log_shares, groups)
    by_group = [values[groups[name].rows] for name, values in zip(TREND_OF, moved.forecasts, strict=True)]
    total: Floats = np.sum(by_group, axis=0)
    return total


def _summed(groups: Groups, values: list[Floats]) -> tuple[Floats, Floats]:
    """Add up the values of all levels, [cells] each: popularity [products] and lift [fitments]."""
    popularity, lift = np.zeros(len(groups.products["product"].rows)), np.zeros(len(groups.fits))
    for level, (cells, value) in enumerate(zip(groups.cells, values, strict=True)):
        if level < SHARED:
            group = groups.products[levels.PAIRS[level][1]]
            of_group = np.zeros(len(group.keys))
            of_group[cells.product] = value
            popularity += of_group[group.rows]
        else:
            lift += value[cells.rows]
    return popularity, lift


def _trend(
    snapshot: Snapshot,
    events: Events,
    log_shares: Floats,
    groups: dict[str, Grouping],
    processes: Sequence[Process] | None = None,
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
    return trend.fit(counts, expected, [groups[name].rows for name in TREND_OF], BIN_DAYS, AHEAD_DAYS, processes)
