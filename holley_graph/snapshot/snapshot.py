"""The training view of the graph at one moment: arrays with row numbers, and nothing later than `as_of`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from holley_graph.errors import SettingsError
from holley_graph.keys import find
from holley_graph.loaders import derive
from holley_graph.loaders.engine.engine import Engine
from holley_graph.ragged import Ragged
from holley_graph.snapshot.ids import IdMap
from holley_graph.times import iso

Ints = npt.NDArray[np.int64]
KINDS = ("VIEWED", "CARTED", "ORDERED")
VIEWED, CARTED, ORDERED = range(3)


@dataclass(frozen=True)
class DeriveOptions:
    """The settings of the sync that co-purchase and co-view are rebuilt with."""

    co_purchase_max_skus: int
    session_gap_minutes: int
    session_max_skus: int


@dataclass(frozen=True)
class Snapshot:
    """One dated copy.

    Attributes:
        as_of: epoch seconds; everything strictly before it is known, nothing else.
        products: columns sku, base_sku, display_key, part_type, brand, title, price, eligible; sorted by sku. Of an
            earlier cut the prices are null; `eligible` is as of the end, the same candidates for every ranker.
        vehicles: columns vehicle_id, year, make, model, owners (users that own it); sorted by vehicle_id.
        users: columns user_id, vehicle (row of `vehicles`, null for none), person (the same number for all ids of
            one address; without the column everybody has one id); users with a history only.
        fits: [fitments, 2] rows of (vehicle, product), sorted.
        events: columns user, product, kind (index into `KINDS`), at (epoch seconds); sorted by user, at.
        bought: columns user, product, last_at: latest known purchase, order lines past the boundary included.
        options: how derived relationships are rebuilt.
    """

    as_of: int
    products: pa.Table
    vehicles: pa.Table
    users: pa.Table
    fits: Ints
    events: pa.Table
    bought: pa.Table
    options: DeriveOptions

    @cached_property
    def product_ids(self) -> IdMap:
        """SKU to row."""
        return IdMap("SKU", self.products.column("sku").to_numpy(zero_copy_only=False))

    @cached_property
    def vehicle_ids(self) -> IdMap:
        """Vehicle id to row."""
        return IdMap("vehicle", self.vehicles.column("vehicle_id").to_numpy(zero_copy_only=False))

    @cached_property
    def user_ids(self) -> IdMap:
        """User id to row."""
        return IdMap("user", self.users.column("user_id").to_numpy(zero_copy_only=False))

    @cached_property
    def fit_offsets(self) -> Ints:
        """[vehicles + 1]: the products that fit vehicle v are `fits[offsets[v]:offsets[v + 1], 1]`."""
        return self._fits_of.offsets

    @cached_property
    def _fits_of(self) -> Ragged:
        return Ragged.of(self.fits[:, 0], self.fits[:, 1], self.vehicles.num_rows)

    @cached_property
    def user_vehicle(self) -> Ints:
        """[users]: the row of each user's vehicle, −1 for none."""
        return np.array(self.users.column("vehicle").fill_null(-1).to_numpy(), np.int64)

    @cached_property
    def person(self) -> Ints:
        """[users]: a number that all ids of one person share."""
        if "person" not in self.users.column_names:
            return np.arange(self.users.num_rows)
        return np.array(self.users.column("person").to_numpy(), np.int64)

    def fitting(self, vehicle: Ints) -> tuple[Ints, Ints]:
        """Lay the fitment lists of many vehicles end to end.

        Args:
            vehicle: [n] vehicle rows, repeats allowed.

        Returns:
            [cells] rows of `fits`, and [n + 1] where the list of each vehicle starts.
        """
        _, cells = self._fits_of.flat(vehicle)
        return cells, np.concatenate([[0], np.cumsum(self._fits_of.size(vehicle))])

    def fitment(self, vehicle: Ints, product: Ints) -> Ints:
        """[n]: the row of `fits` of each vehicle (−1: none) and product; −1 where one does not fit the other."""
        pairs = self.fits[:, 0] * self.products.num_rows + self.fits[:, 1]
        return np.where(vehicle >= 0, find(pairs, vehicle * self.products.num_rows + product), -1)

    def event(self, column: str) -> Ints:
        """[events]: one column of the events as integers."""
        return np.array(self.events.column(column).to_numpy(), np.int64)

    def before(self, cut: int) -> Snapshot:
        """Return the snapshot as it would have been taken at an earlier time.

        Args:
            cut: epoch seconds; events at or after it are gone, and with them what is derived from them.

        Raises:
            SettingsError: `cut` is later than this snapshot's `as_of`.
        """
        if cut > self.as_of:
            raise SettingsError(
                f"cannot cut at {iso(cut)}: the snapshot ends at {iso(self.as_of)}", "name an earlier time"
            )
        events = self.events.filter(pa.array(self.event("at") < cut))
        # where the latest purchase is later, the latest earlier event stands for it
        known = self.bought.filter(pa.array(np.asarray(self.bought.column("last_at")) < cut))
        return replace(
            self,
            as_of=cut,
            products=self._products_before(cut),
            events=events,
            bought=latest_purchases(events, known),
        )

    def _products_before(self, cut: int) -> pa.Table:
        """Forget prices: the highest ever observed may have been observed later, and carries no time."""
        if cut == self.as_of:
            return self.products
        row, count = self.products.schema.get_field_index("price"), self.products.num_rows
        if row < 0:
            return self.products
        unknown = pa.array(np.zeros(count), mask=np.ones(count, bool))
        return self.products.set_column(row, "price", unknown)

    @cached_property
    def co_purchased(self) -> pa.Table:
        """Columns sku, other_sku (product rows), count, weight, last_at: rebuilt from this snapshot's events."""
        ordered = self._grouped(ORDERED)
        ordered = ordered.append_column("person", [self.person[ordered["user_id"].to_numpy()]])
        with Engine() as engine:
            return derive.co_purchased(engine, ordered, self.options.co_purchase_max_skus)

    @cached_property
    def co_viewed(self) -> pa.Table:
        """Columns sku, other_sku (product rows), count, weight: rebuilt from this snapshot's events."""
        gap, most = self.options.session_gap_minutes, self.options.session_max_skus
        with Engine() as engine:
            return derive.co_viewed(engine, self._grouped(VIEWED), gap, most)

    def _grouped(self, kind: int) -> pa.Table:
        """Interactions of one kind as the graph holds them: user_id, sku and the list of times."""
        chosen = self.events.filter(pa.array(self.event("kind") == kind))
        grouped = chosen.group_by(["user", "product"], use_threads=False).aggregate([("at", "list")])
        return grouped.rename_columns(["user_id", "sku", "at"])


def latest_purchases(events: pa.Table, known: pa.Table) -> pa.Table:
    """Say when each user last bought each product.

    Args:
        events: columns user, product, kind, at.
        known: columns user, product, last_at: what is known beside the events.

    Returns:
        Columns user, product, last_at, sorted by user and product.
    """
    orders = events.filter(pa.array(np.asarray(events.column("kind")) == ORDERED))
    latest = orders.group_by(["user", "product"], use_threads=False).aggregate([("at", "max")])
    both = pa.concat_tables([known, latest.rename_columns(["user", "product", "last_at"]).cast(known.schema)])
    merged = both.group_by(["user", "product"], use_threads=False).aggregate([("last_at", "max")])
    return merged.rename_columns(["user", "product", "last_at"]).sort_by(
        [("user", "ascending"), ("product", "ascending")]
    )
