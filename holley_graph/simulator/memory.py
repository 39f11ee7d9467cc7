"""What shoppers did lately, as far as it moves their next choice: one row per shopper, columns only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RING = 8  # purchases and views that are remembered one by one
Ints = npt.NDArray[np.int64]


@dataclass
class Memory:
    """Last purchases and views; −1 where there is none. Times are epoch seconds."""

    bought: Ints  # [rows, RING] SKUs
    bought_at: Ints  # [rows, RING]
    viewed: Ints  # [rows, RING] SKUs
    viewed_at: Ints  # [rows, RING]
    purchases: Ints  # [rows] how many so far
    views: Ints  # [rows] how many so far

    @classmethod
    def empty(cls, rows: int) -> Memory:
        """Nobody has done anything yet."""

        def ring() -> Ints:
            return np.full((rows, RING), -1, dtype=np.int64)

        none = np.zeros(rows, dtype=np.int64)
        return cls(ring(), ring(), ring(), ring(), purchases=none, views=none.copy())

    @classmethod
    def of_log(cls, rows: int, purchases: tuple[Ints, Ints, Ints], views: tuple[Ints, Ints, Ints]) -> Memory:
        """Rebuild from logs `(row, SKU, time)`, each sorted by time within a row."""
        memory = cls.empty(rows)
        memory.buy(*purchases)
        memory.see(*views)
        return memory

    def rows(self, at: Ints) -> Memory:
        """The memory of some shoppers, copied."""
        return Memory(
            self.bought[at],
            self.bought_at[at],
            self.viewed[at],
            self.viewed_at[at],
            self.purchases[at],
            self.views[at],
        )

    def buy(self, row: Ints, sku: Ints, at: Ints) -> None:
        """Remember purchases; several of one row must stand in order of time."""
        _remember(self.bought, self.bought_at, self.purchases, row, sku, at)

    def see(self, row: Ints, sku: Ints, at: Ints) -> None:
        """Remember views; several of one row must stand in order of time."""
        _remember(self.viewed, self.viewed_at, self.views, row, sku, at)

    def last_purchase(self) -> tuple[Ints, Ints]:
        """SKU and time of the newest purchase of every row, −1 without one."""
        place = np.maximum(self.purchases - 1, 0) % RING
        row = np.arange(place.size)
        return self.bought[row, place], self.bought_at[row, place]


def _remember(ring: Ints, times: Ints, count: Ints, row: Ints, sku: Ints, at: Ints) -> None:
    """Write a log into rings, newest over oldest; of equal places numpy keeps the last one written."""
    order = np.argsort(row, kind="stable")
    row, sku, at = row[order], sku[order], at[order]
    new = np.bincount(row, minlength=count.size)
    begin = np.cumsum(new) - new
    nth = count[row] + np.arange(row.size) - begin[row]
    ring[row, nth % RING] = sku
    times[row, nth % RING] = at
    count += new
