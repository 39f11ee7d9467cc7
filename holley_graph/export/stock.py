"""What ranking reads of the last sync, as arrays: parts, vehicles, what fits, who owns what, what they bought."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from holley_graph.export.lists import Ints, Lists
from loaders.taken import Taken

DAY = 86_400
READ: dict[str, list[str] | None] = {
    "product": None, "vehicle": None, "fits": None, "owns": ["user_id", "vehicle_id"],
    "user": ["user_id", "engagement_tier"], "viewed": ["user_id", "sku"], "carted": ["user_id", "sku"],
    "ordered": ["user_id", "sku", "last_at"], "co_purchased": ["sku", "other_sku", "count", "weight"],
}  # fmt: skip
"""Graph tables that are read, and which columns: lists of times are most of their size."""


@dataclass(frozen=True)
class Stock:
    """One sync, in row numbers.

    Attributes:
        as_of: epoch seconds that purchases count back from.
        graph: graph tables as the sync made them, as far as `READ` names them.
        users: columns user_id, email of the clean users: the only place that knows addresses.
        owners: columns user_id, email, vehicle (row), tier; sorted by vehicle, email, user_id.
    """

    as_of: int
    graph: dict[str, pa.Table]
    users: pa.Table
    owners: pa.Table

    @property
    def products(self) -> pa.Table:
        """Every part, sorted by SKU."""
        return self.graph["product"]

    @property
    def vehicles(self) -> pa.Table:
        """Every vehicle, sorted by id."""
        return self.graph["vehicle"]

    @cached_property
    def fits(self) -> Lists:
        """The eligible parts that fit each vehicle."""
        fits = self.graph["fits"]
        product = rows_of(fits["sku"], self.products["sku"])
        eligible = self.products["eligible"].to_numpy()
        product = np.where(eligible[product], product, -1)
        return Lists.of(rows_of(fits["vehicle_id"], self.vehicles["vehicle_id"]), product, self.vehicles.num_rows)

    @cached_property
    def family(self) -> Ints:
        """[products] a number that the variants of one display key share."""
        return codes(self.products["display_key"])

    @cached_property
    def base(self) -> Ints:
        """[products] a number that the colours of one base SKU share."""
        return codes(self.products["base_sku"])

    @cached_property
    def part_type(self) -> Ints:
        """[products] a number for each part type."""
        return codes(self.products["part_type"])

    @cached_property
    def buyers(self) -> Ints:
        """[products] how many people ever bought it."""
        product = rows_of(self.graph["ordered"]["sku"], self.products["sku"])
        return np.bincount(product, minlength=self.products.num_rows)

    @cached_property
    def owners_of(self) -> Ints:
        """[vehicles + 1]: the owners of vehicle v are the rows `owners_of[v]` to `owners_of[v + 1]`."""
        vehicle = self.owners["vehicle"].to_numpy()
        return np.searchsorted(vehicle, np.arange(self.vehicles.num_rows + 1)).astype(np.int64)

    @cached_property
    def person(self) -> Ints:
        """[owners] a number that all user ids of one address share."""
        return rows_of(self.owners["email"], self._addresses)

    @cached_property
    def model(self) -> Ints:
        """[vehicles] a number for each make and model."""
        return codes(pc.binary_join_element_wise(self.vehicles["make"], self.vehicles["model"], "|"))

    @cached_property
    def make(self) -> Ints:
        """[vehicles] a number for each make."""
        return codes(self.vehicles["make"])

    def bought_within(self, days: int) -> Lists:
        """[owners] base SKUs (as in `base`) that a person bought under any user id in the days before `as_of`."""
        ordered = self.graph["ordered"]
        late = ordered.filter(pc.greater_equal(ordered["last_at"], self.as_of - days * DAY))
        email = take(self.users["email"], rows_of(late["user_id"], self.users["user_id"]))
        base = self.base[rows_of(late["sku"], self.products["sku"])]
        by_person = Lists.of(rows_of(email, self._addresses), base, len(self._addresses))
        owner, cell = by_person.flat(self.person)
        return Lists.of(owner, by_person.values[cell], self.owners.num_rows)

    @cached_property
    def _addresses(self) -> pa.Array:
        return pc.unique(self.owners["email"])


def open_stock(taken: Taken) -> Stock:
    """Read a sync's tables."""
    graph = {name: taken.table(name, columns) for name, columns in READ.items()}
    users = pq.read_table(taken.clean("users"), columns=["user_id", "email"])
    owns, people = graph["owns"], graph["user"]
    owners = pa.table(
        {
            "user_id": owns["user_id"],
            "email": take(users["email"], rows_of(owns["user_id"], users["user_id"])),
            "vehicle": rows_of(owns["vehicle_id"], graph["vehicle"]["vehicle_id"]),
            "tier": take(people["engagement_tier"], rows_of(owns["user_id"], people["user_id"])),
        }
    )
    by = [("vehicle", "ascending"), ("email", "ascending"), ("user_id", "ascending")]
    return Stock(taken.as_of, graph, users, owners.sort_by(by).combine_chunks())


def rows_of(keys: Any, among: Any) -> Ints:
    """Return the row of each key in a column of distinct keys, −1 where it has none."""
    values = among.combine_chunks() if isinstance(among, pa.ChunkedArray) else among
    found = pc.index_in(keys, value_set=values).fill_null(-1)
    return np.asarray(found, np.int64)


def take(column: Any, rows: Ints) -> Any:
    """Take rows of a column; a negative row gives no value."""
    return column.take(pa.array(rows, mask=rows < 0))


def codes(column: pa.ChunkedArray) -> Ints:
    """Number a column's distinct values."""
    return rows_of(column, pc.unique(column))
