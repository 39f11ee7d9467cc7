"""What ranking reads of the last sync whoever asks, as arrays: parts, vehicles, what fits, who buys what."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.export.audience import Audience
from holley_graph.keys import find_text
from holley_graph.loaders.sync_tables import SyncTables
from holley_graph.ragged import Ints, Ragged


@dataclass(frozen=True)
class Catalogue:
    """One sync's catalogue, in row numbers; it grows with parts and vehicles, not with people.

    Attributes:
        products: every part, sorted by SKU.
        vehicles: every vehicle, sorted by id.
        fitment: sku, vehicle_id.
        co_purchased: sku, other_sku, count, weight; sorted (`Audience.co_purchased`).
        bought: make, model, sku, buyers (`Audience.buyers`).
    """

    products: pa.Table
    vehicles: pa.Table
    fitment: pa.Table
    co_purchased: pa.Table
    bought: pa.Table

    @cached_property
    def fits(self) -> Ragged:
        """The eligible parts that fit each vehicle."""
        product = rows_of(self.fitment["sku"], self.products["sku"])
        eligible = self.products["eligible"].to_numpy()
        product = np.where(eligible[product], product, -1)
        vehicle = rows_of(self.fitment["vehicle_id"], self.vehicles["vehicle_id"])
        return Ragged.ascending(vehicle, product, self.vehicles.num_rows)

    @cached_property
    def family(self) -> Ints:
        """[products] a number that the variants of one display key share."""
        return codes(self.products["display_key"])

    @cached_property
    def base(self) -> Ints:
        """[products] a number that the colours of one base SKU share: its place in `bases`."""
        return rows_of(self.products["base_sku"], self.bases)

    @cached_property
    def bases(self) -> pa.Array:
        """Every base SKU once."""
        return pc.unique(self.products["base_sku"])

    @cached_property
    def part_type(self) -> Ints:
        """[products] a number for each part type."""
        return codes(self.products["part_type"])

    @cached_property
    def buyers(self) -> Ints:
        """[products] how many people ever bought it."""
        everybody = self.bought.filter(pc.is_null(self.bought["make"]))
        product = rows_of(everybody["sku"], self.products["sku"])
        return np.bincount(product, everybody["buyers"], self.products.num_rows).astype(np.int64)


def open_catalogue(sync_tables: SyncTables, audience: Audience, min_people: int) -> Catalogue:
    """Read a sync's catalogue, with the co-purchases of so many people."""
    products, vehicles, fitment = (sync_tables.table(name) for name in ("product", "vehicle", "fits"))
    return Catalogue(products, vehicles, fitment, audience.co_purchased(min_people), audience.buyers())


def rows_of(keys: Any, among: Any) -> Ints:
    """Return the row of each key in a column of distinct keys, −1 where it has none."""
    return find_text(among, keys)


def take(column: Any, rows: Ints) -> Any:
    """Take rows of a column; a negative row gives no value."""
    return column.take(pa.array(rows, mask=rows < 0))


def codes(column: pa.ChunkedArray) -> Ints:
    """Number a column's distinct values."""
    return rows_of(column, pc.unique(column))
