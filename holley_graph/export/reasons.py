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

from holley_graph.export.lists import Ints, find, looked_up
from holley_graph.export.owners import DID, Owners
from holley_graph.export.rank import Picks
from holley_graph.export.stock import LEAST_BUYERS, Stock, rows_of, take

SAID = ("bought", "added to your cart", "looked at")


@dataclass(frozen=True)
class Why:
    """Facts about flat pairs of an owner and a part.

    Attributes:
        lead: row of the product that leads here, −1 for none.
        did: what the owner did with it, index into `DID`.
        model_buyers: other people who own the same model and bought the part.
        make_buyers: other people who own the same make and did.
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

    def why(self, owners: Owners, owner: Ints, product: Ints) -> Why:
        """Look up facts for pairs of rows of `owners` and `stock.products`."""
        own = owners.has_bought(owner, product, self.n)
        lead, did = self._leads(owners, owner, product, own)
        model, make = (self._counted(level, owners.vehicle[owner], product) - own for level in ("model", "make"))
        return Why(lead, did, model, make)

    def words(self, owners: Owners, picks: Picks, why: Why) -> pa.Array:
        """Say it, one line for each pair of `picks` that has a part."""
        owner, _ = flat(picks)
        vehicles, parts = self.stock.vehicles, self.stock.products
        vehicle = owners.vehicle[owner]
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

    def paths(self, owners: Owners, picks: Picks, why: Why) -> pa.Array:
        """Give the path of each pair, as `explain` writes it."""
        owner, product = flat(picks)
        user = take(owners.user_id, owner)
        vehicle = take(self.stock.vehicles["vehicle_id"], owners.vehicle[owner])
        sku = take(self.stock.products["sku"], product)
        fits = joined("(", user, ")-[:OWNS]->(", vehicle, ")<-[:FITS]-(", sku, ")")
        did = take(pa.array([name.upper() for name in DID]), why.did)
        lead = take(self.stock.products["sku"], why.lead)
        led = joined(fits, "<-[:CO_PURCHASED]-(", lead, ")<-[:", did, "]-(", user, ")")
        return pc.if_else(why.lead >= 0, led, fits)

    def _leads(self, owners: Owners, owner: Ints, product: Ints, own: np.ndarray) -> tuple[Ints, Ints]:
        """Of what an owner chose, the product that leads to the part most strongly, and what was done with it.

        A person who bought both is one of those who did.
        """
        pair, cell = owners.chosen.flat(owner)
        chosen, kind = np.divmod(owners.chosen.values[cell], len(DID))
        edge = find(self._edges, chosen * self.n + product[pair])
        buyers = looked_up(self.stock.leads["count"].to_numpy(), edge, 0)
        mine = own[pair] & owners.has_bought(owner[pair], chosen, self.n)
        known = buyers - mine >= LEAST_BUYERS
        weight = self.stock.leads["weight"].to_numpy()[edge[known]]
        pair, chosen, kind, buyers = pair[known], chosen[known], kind[known], buyers[known]
        order = np.lexsort((chosen, kind, -buyers, -weight, pair))
        first = order[np.flatnonzero(np.diff(pair[order], prepend=-1))]
        lead, did = np.full(len(owner), -1), np.full(len(owner), -1)
        lead[pair[first]], did[pair[first]] = chosen[first], kind[first]
        return lead, did

    @cached_property
    def _edges(self) -> Ints:
        """Ascending from × to: rows of `stock.leads`."""
        start, end = (rows_of(self.stock.leads[name], self.stock.products["sku"]) for name in ("sku", "other_sku"))
        edges: Ints = start * self.n + end
        return edges

    def _counted(self, level: str, vehicle: Ints, product: Ints) -> Ints:
        group, keys, counts = self._buyers[level]
        row = find(keys, group[vehicle] * self.n + product)
        return looked_up(counts, row, 0)

    @cached_property
    def _buyers(self) -> dict[str, tuple[Ints, Ints, Ints]]:
        """Level to [vehicles] a number for each group, ascending group × product, and its buyers in the group."""
        vehicles, bought = self.stock.vehicles, self.stock.bought
        model, of_model = (joined(t["make"], "|", t["model"]) for t in (vehicles, bought))
        of_make = pc.if_else(pc.is_null(bought["model"]), bought["make"], None)
        return {"model": self._grouped(model, of_model), "make": self._grouped(vehicles["make"], of_make)}

    def _grouped(self, group: pa.ChunkedArray, of: pa.ChunkedArray) -> tuple[Ints, Ints, Ints]:
        bought, names = self.stock.bought.filter(pc.is_valid(of)), pc.unique(group)
        key = rows_of(of.drop_null(), names) * self.n + rows_of(bought["sku"], self.stock.products["sku"])
        order = np.argsort(key)
        return rows_of(group, names), key[order], bought["buyers"].to_numpy()[order]


def flat(picks: Picks) -> tuple[Ints, Ints]:
    """Return owner and product of every slot that has a part, row by row."""
    there = picks.product >= 0
    return np.repeat(picks.owner, there.sum(axis=1)), picks.product[there]


def joined(*parts: Any) -> Any:
    """Join texts without anything between them."""
    return pc.binary_join_element_wise(*parts, "")
