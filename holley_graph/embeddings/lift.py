"""The lift of fitments: how much more, or less, owners of a vehicle want a part than everybody does, in nats.

It is a number of a pair, not of a node, so it does not fit into vectors. Every answer walks FITS anyway: there it
is a property, and the score is the inner product of two vectors plus this number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from holley_graph import sealed
from holley_graph.keys import find, find_text

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.object_]
FILE, LATE_FILE = "lift.parquet", "inductive_lift.parquet"


@dataclass(frozen=True)
class Lift:
    """Lifts by pair of vehicle and product.

    Attributes:
        vehicles: [vehicles] keys, ascending.
        products: [products] keys, ascending.
        vehicle: [pairs] row of `vehicles`, ascending.
        product: [pairs] row of `products`, ascending within a vehicle.
        value: [pairs] nats.
    """

    vehicles: Keys
    products: Keys
    vehicle: Ints
    product: Ints
    value: npt.NDArray[np.float32]

    @classmethod
    def none(cls) -> Self:
        """Know of no pair."""
        nothing = np.empty(0, np.int64)
        return cls(np.empty(0, object), np.empty(0, object), nothing, nothing, np.empty(0, np.float32))

    def __len__(self) -> int:
        """Count the pairs."""
        return len(self.value)

    def rows(self, vehicles: Any, products: Any, vehicle: Ints, product: Ints) -> Ints:
        """[n] the row of each pair, −1 where there is none.

        Args:
            vehicles: keys that `vehicle` numbers.
            products: keys that `product` numbers.
            vehicle: [n] rows of `vehicles`, −1 for none.
            product: [n] rows of `products`.
        """
        v = np.append(find_text(self.vehicles, vehicles), -1)[vehicle]
        p = find_text(self.products, products)[product]
        row = find(self.vehicle * len(self.products) + self.product, v * len(self.products) + p)
        return np.where((v >= 0) & (p >= 0), row, -1)

    def values(self, vehicles: Any, products: Any, vehicle: Ints, product: Ints) -> npt.NDArray[np.float64]:
        """[n] the lift of each pair, as `rows` finds it; a pair that is unknown has none, which is 0."""
        values = np.append(self.value, np.float32(0))[self.rows(vehicles, products, vehicle, product)]
        return values.astype(float)

    def take(self, rows: Ints) -> Self:
        """Return some of the pairs."""
        return type(self)(self.vehicles, self.products, self.vehicle[rows], self.product[rows], self.value[rows])

    def save(self, path: Path) -> None:
        """Write it into a run folder."""
        pq.write_table(self.as_table(), path, compression="zstd", write_page_checksum=True)

    def as_table(self) -> pa.Table:
        """Lay it out: one row a pair, keys as dictionaries."""
        columns = [
            pa.DictionaryArray.from_arrays(pa.array(row.astype(np.int32)), pa.array(keys, pa.string()))
            for row, keys in ((self.vehicle, self.vehicles), (self.product, self.products))
        ]
        return pa.table([*columns, pa.array(self.value)], ["vehicle_id", "sku", "lift"])

    def by_vehicle(self) -> Iterator[tuple[str, dict[str, float]]]:
        """Pack the pairs: key of each vehicle, and its lifts by SKU."""
        vehicles, starts = np.unique(self.vehicle, return_index=True)
        skus, values = self.products[self.product].tolist(), self.value.tolist()
        for vehicle, start, stop in zip(vehicles, starts, [*starts, len(self)][1:], strict=True):
            yield self.vehicles[vehicle], dict(zip(skus[start:stop], values[start:stop], strict=True))

    def together(self, other: Lift) -> Lift:
        """Put two that share no pair into one."""
        vehicles, products = np.union1d(self.vehicles, other.vehicles), np.union1d(self.products, other.products)
        vehicle, product = (
            np.concatenate([np.searchsorted(keys, own)[rows] for own, rows in parts])
            for keys, parts in (
                (vehicles, ((self.vehicles, self.vehicle), (other.vehicles, other.vehicle))),
                (products, ((self.products, self.product), (other.products, other.product))),
            )
        )
        order = np.lexsort((product, vehicle))
        value = np.concatenate([self.value, other.value])[order]
        return Lift(vehicles, products, vehicle[order], product[order], value)


def load(path: Path) -> Lift:
    """Read a file of lifts; one that is not there knows of no pair.

    Raises:
        ParcelError: the file is unreadable.
    """
    if not path.exists():
        return Lift.none()
    read = sealed.table(path, ["vehicle_id", "sku", "lift"])
    keys, rows = [], []
    for name in ("vehicle_id", "sku"):
        encoded = read[name].cast(pa.string()).combine_chunks().dictionary_encode()
        own = encoded.dictionary.to_numpy(zero_copy_only=False).astype(object)
        order = np.argsort(own)
        keys.append(own[order])
        rows.append(np.argsort(order)[np.asarray(encoded.indices, np.int64)])
    order = np.lexsort((rows[1], rows[0]))
    value = np.asarray(read["lift"].to_numpy(), np.float32)
    return Lift(keys[0], keys[1], rows[0][order], rows[1][order], value[order])
