"""Why a part, in a line that an email template has room for, and the path in the graph that says the same.

The strongest fact wins: it leads on from something this person chose; owners of the same model bought it; owners of
the same make did; it fits. All of it is counted from the tables of the last sync, whoever ranked.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.export.lists import Ints, Lists, find
from holley_graph.export.rank import Picks
from holley_graph.export.stock import Stock, rows_of, take

DID = ("ordered", "carted", "viewed")
SAID = ("bought", "put in your cart", "looked at")
LEAST_BUYERS = 2
"""People that make a fact worth telling; it also keeps one person's purchase out of another's email."""


@dataclass(frozen=True)
class Why:
    """Facts about flat pairs of an owner and a part.

    Attributes:
        lead: row of the product that leads here, −1 for none.
        did: what the owner did with it, index into `DID`.
        model_buyers: other owners of the same model who bought the part.
        make_buyers: other owners of the same make who did.
    """

    lead: Ints
    did: Ints
    model_buyers: Ints
    make_buyers: Ints


class Reasons:
    """Facts of one sync, looked up for many pairs at once."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.n = stock.products.num_rows

    def why(self, owner: Ints, product: Ints) -> Why:
        """Look up facts for pairs of rows of `stock.owners` and `stock.products`."""
        lead, did = self._leads(owner, product)
        vehicle = self.stock.owners["vehicle"].to_numpy()[owner]
        own = find(self._bought, owner * self.n + product) >= 0
        return Why(
            lead,
            did,
            self._counted("model", self.stock.model[vehicle], product) - own,
            self._counted("make", self.stock.make[vehicle], product) - own,
        )

    def words(self, picks: Picks, why: Why) -> pa.Array:
        """Say it, one line for each pair of `picks` that has a part."""
        owner, _ = flat(picks)
        vehicles, parts = self.stock.vehicles, self.stock.products
        vehicle = self.stock.owners["vehicle"].to_numpy()[owner]
        year, make, model = (take(vehicles[c], vehicle) for c in ("year", "make", "model"))
        fits = pc.binary_join_element_wise("Fits your", pc.cast(year, pa.string()), make, model, " ")
        of_make = pc.binary_join_element_wise("Popular with", make, "owners", " ")
        buyers = pc.cast(pa.array(why.model_buyers), pa.string())
        of_model = pc.binary_join_element_wise("Bought by", buyers, "other", model, "owners", " ")
        said = take(pa.array(SAID), why.did)
        kind = take(parts["part_type"], why.lead)
        named = pc.if_else(pc.equal(kind, "UNKNOWN"), "part", kind)
        led = pc.binary_join_element_wise("Often bought after the", named, "you", said, " ")
        return pc.case_when(
            pc.make_struct(
                why.lead >= 0, why.model_buyers >= LEAST_BUYERS, why.make_buyers >= LEAST_BUYERS
            ),
            led, of_model, of_make, fits,
        )  # fmt: skip

    def paths(self, picks: Picks, why: Why) -> pa.Array:
        """Give the path of each pair, as `explain` writes it."""
        owner, product = flat(picks)
        user = take(self.stock.owners["user_id"], owner)
        vehicle = take(self.stock.vehicles["vehicle_id"], self.stock.owners["vehicle"].to_numpy()[owner])
        sku = take(self.stock.products["sku"], product)
        fits = joined("(", user, ")-[:OWNS]->(", vehicle, ")<-[:FITS]-(", sku, ")")
        did = take(pa.array([name.upper() for name in DID]), why.did)
        lead = take(self.stock.products["sku"], why.lead)
        led = joined(fits, "<-[:CO_PURCHASED]-(", lead, ")<-[:", did, "]-(", user, ")")
        return pc.if_else(why.lead >= 0, led, fits)

    def _leads(self, owner: Ints, product: Ints) -> tuple[Ints, Ints]:
        """Of what an owner chose, the product that leads to the part most strongly, and what was done with it."""
        pair, cell = self._chosen.flat(owner)
        chosen, kind = np.divmod(self._chosen.values[cell], len(DID))
        edge = find(self._edges, chosen * self.n + product[pair])
        known = edge >= 0
        pair, chosen, kind, weight = pair[known], chosen[known], kind[known], self._weights[edge[known]]
        order = np.lexsort((chosen, kind, -weight, pair))
        first = order[np.flatnonzero(np.diff(pair[order], prepend=-1))]
        lead, did = np.full(len(owner), -1), np.full(len(owner), -1)
        lead[pair[first]], did[pair[first]] = chosen[first], kind[first]
        return lead, did

    @cached_property
    def _chosen(self) -> Lists:
        """[owners] product × kind of what each one chose under this user id."""
        owner, value = [], []
        for kind, name in enumerate(DID):
            table = self.stock.graph[name]
            owner.append(self._owner(table["user_id"]))
            value.append(rows_of(table["sku"], self.stock.products["sku"]) * len(DID) + kind)
        return Lists.of(np.concatenate(owner), np.concatenate(value), self.stock.owners.num_rows)

    @cached_property
    def _bought(self) -> Ints:
        """Ascending owner × product of every purchase."""
        ordered = self.stock.graph["ordered"]
        owner = self._owner(ordered["user_id"])
        key = owner * self.n + rows_of(ordered["sku"], self.stock.products["sku"])
        return np.sort(key[owner >= 0])

    @cached_property
    def _edges(self) -> Ints:
        return self._co_purchased[0]

    @cached_property
    def _weights(self) -> Any:
        return self._co_purchased[1]

    @cached_property
    def _co_purchased(self) -> tuple[Ints, Any]:
        """Ascending from × to of co-purchases of several people, more than by chance, and their weights."""
        table = self.stock.graph["co_purchased"]
        table = table.filter(
            pc.and_(pc.greater_equal(table["count"], LEAST_BUYERS), pc.greater(table["weight"], 0))
        )
        start, end = (rows_of(table[name], self.stock.products["sku"]) for name in ("sku", "other_sku"))
        key = start * self.n + end
        order = np.argsort(key)
        return key[order], table["weight"].to_numpy()[order]

    def _counted(self, level: str, group: Ints, product: Ints) -> Ints:
        keys, counts = self._buyers[level]
        row = find(keys, group * self.n + product)
        return np.where(row >= 0, counts[row], 0)

    @cached_property
    def _buyers(self) -> dict[str, tuple[Ints, Ints]]:
        """Level to ascending group × product and how many owners of the group bought it."""
        owner, product = np.divmod(self._bought, self.n)
        vehicle = self.stock.owners["vehicle"].to_numpy()[owner]
        groups = {"model": self.stock.model, "make": self.stock.make}
        return {
            level: np.unique(group[vehicle] * self.n + product, return_counts=True)
            for level, group in groups.items()
        }

    def _owner(self, user_id: pa.ChunkedArray) -> Ints:
        return rows_of(user_id, self.stock.owners["user_id"])


def flat(picks: Picks) -> tuple[Ints, Ints]:
    """Return owner and product of every slot that has a part, row by row."""
    there = picks.product >= 0
    return np.repeat(picks.owner, there.sum(axis=1)), picks.product[there]


def joined(*parts: Any) -> Any:
    """Join texts without anything between them."""
    return pc.binary_join_element_wise(*parts, "")
