"""Some of those who are ranked for, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from holley_graph.embeddings.paths import Reached, Trail
from holley_graph.export.audience import Block
from holley_graph.export.catalogue import Catalogue, rows_of
from holley_graph.keys import find
from holley_graph.ragged import Ints, Ragged
from holley_graph.times import DAY

DID = ("ordered", "carted", "viewed")
MONTHS = 100_000
"""More than there are months."""


@dataclass(frozen=True)
class Owners:
    """Owners by vehicle, address and user id; all user ids of an address and vehicle are here or none.

    Attributes:
        user_id, email, engagement_tier: [owners].
        vehicle: [owners] row of `catalogue.vehicles`.
        person: [owners] a number that user ids of one address at one vehicle share.
        vector: [owners] row of the user's vector in the live release, −1 for none.
        group: [owners] of a campaign; 0 without one.
        bought: [owners] base SKUs (as in `catalogue.bases`) that the person bought lately under any user id.
        ever: [owners] parts that the person ever bought under any user id.
        chosen: [owners] `choice` of what each did under this user id; `chosen_of` takes it apart.
        reached: what paths from there reach; nobody has a history where there is none.
    """

    user_id: pa.ChunkedArray
    email: pa.ChunkedArray
    engagement_tier: pa.ChunkedArray
    vehicle: Ints
    person: Ints
    vector: Ints
    group: Ints
    bought: Ragged
    ever: Ragged
    chosen: Ragged
    reached: Reached | None = None

    def __len__(self) -> int:
        """Count the owners."""
        return len(self.vehicle)

    @classmethod
    def of(cls, block: Block, catalogue: Catalogue, as_of: int, half_life_days: float) -> Self:
        """Number what a block names.

        Args:
            block: of an audience.
            catalogue: of the same sync.
            as_of: of the sync, epoch seconds.
            half_life_days: after which an event of somebody's own history counts half.
        """
        owners, purchases, chosen = block.owners, block.purchases, block.chosen
        person, row = owners["person"].to_numpy(), owners["row"].to_numpy()
        base = np.where(purchases["lately"], rows_of(purchases["base_sku"], catalogue.bases), -1)
        ever = rows_of(purchases["sku"], catalogue.products["sku"])
        people, buyer = int(person[-1] - person[0]) + 1, purchases["person"].to_numpy() - person[0]
        product, how = rows_of(chosen["sku"], catalogue.products["sku"]), rows_of(chosen["did"], pa.array(DID))
        did = choice(product, how, month_of(chosen["last_at"].to_numpy()))
        return cls(
            owners["user_id"],
            owners["email"],
            owners["engagement_tier"],
            rows_of(owners["vehicle_id"], catalogue.vehicles["vehicle_id"]),
            person,
            owners["vector"].to_numpy(),
            np.zeros(len(person), np.int64),
            Ragged.ascending(buyer, base, people).of_rows(person - person[0]),
            Ragged.ascending(buyer, ever, people).of_rows(person - person[0]),
            Ragged.ascending(chosen["row"].to_numpy() - row[0], did, len(person)),
            Reached(_trail(chosen, row[0], did, as_of, half_life_days * DAY), catalogue.base, catalogue.part_type),
        )

    @classmethod
    def nobody(cls, vehicle: int) -> Self:
        """Return one owner of a vehicle of whom nothing else is known."""
        unknown = pa.chunked_array([pa.nulls(1, pa.string())])
        zero, nothing = np.zeros(1, np.int64), Ragged(np.zeros(2, np.int64), np.empty(0, np.int64))
        return cls(unknown, unknown, unknown, zero + vehicle, zero, zero - 1, zero, nothing, nothing, nothing)

    @cached_property
    def active(self) -> np.ndarray:
        """[owners] whether they did anything under their own user id."""
        return np.diff(self.chosen.offsets) > 0

    def has_bought(self, owner: Ints, product: Ints, products: int) -> np.ndarray:
        """Say of pairs of an owner and a part whether the person ever bought it, under any user id.

        Args:
            products: how many there are.
        """
        return find(self.ever.row * products + self.ever.values, owner * products + product) >= 0


def _trail(chosen: pa.Table, first: int, did: Ints, as_of: int, half_life: float) -> Trail:
    """Lay out what owners did, by their number within the block; what is no part of the catalogue leads nowhere."""
    lists = chosen["at"].combine_chunks()
    at, line = lists.flatten().to_numpy(), np.asarray(pc.list_parent_indices(lists), np.int64)
    known = did[line] >= 0
    line, age = line[known], (as_of - at[known]) / half_life
    product, how, _ = chosen_of(did[line])
    return Trail(chosen["row"].to_numpy()[line] - first, product, how == DID.index("ordered"), np.exp2(-age))


def month_of(seconds: Ints) -> Ints:
    """Count the months from year 0 to an epoch second."""
    months: Ints = seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) + 12 * 1970
    return months


def choice(product: Ints, did: Ints, month: Ints) -> Ints:
    """Number what somebody did last (index into `DID`) with which part in which month."""
    return (product * len(DID) + did) * MONTHS + month


def chosen_of(choices: Ints) -> tuple[Ints, Ints, Ints]:
    """Take `choice` apart: product, index into `DID`, month."""
    rest, month = np.divmod(choices, MONTHS)
    return *np.divmod(rest, len(DID)), month
