"""Many short lists of numbers in two arrays, instead of a Python list of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ragged:
    """The list of row r is `values[offsets[r]:offsets[r + 1]]`.

    Attributes:
        offsets: [rows + 1]
        values: [values] the lists, one after the other.
    """

    offsets: Ints
    values: Ints

    @classmethod
    def of(cls, row: Ints, value: Ints, rows: int) -> Self:
        """Group values by row, each list in the order in which its values come."""
        order = np.argsort(row, kind="stable")
        return cls(np.searchsorted(row[order], np.arange(rows + 1)).astype(np.int64), value[order])

    @classmethod
    def ascending(cls, row: Ints, value: Ints, rows: int) -> Self:
        """Group values by row, each list ascending; a pair with a negative end is unknown and left out."""
        known = (row >= 0) & (value >= 0)
        row, value = row[known], value[known]
        order = np.argsort(value, kind="stable")
        return cls.of(row[order], value[order], rows)

    def __getitem__(self, row: int) -> Ints:
        """Return one list."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.offsets) - 1

    @property
    def row(self) -> Ints:
        """[values] the row of each value."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def start(self, rows: Ints) -> Ints:
        """[n] where the lists of some rows begin."""
        return self.offsets[rows]

    def size(self, rows: Ints) -> Ints:
        """[n] how long they are."""
        return self.offsets[rows + 1] - self.offsets[rows]

    def of_rows(self, rows: Ints) -> Self:
        """Return the lists of some rows, in their order."""
        _, cell = self.flat(rows)
        return type(self)(np.concatenate([[0], np.cumsum(self.size(rows))]), self.values[cell])

    def flat(self, rows: Ints) -> tuple[Ints, Ints]:
        """Lay the lists of many rows end to end.

        Returns:
            [values] the position in `rows` whose list it is, and the index into `values`.
        """
        size = self.size(rows)
        return np.repeat(np.arange(len(rows)), size), laid_out(self.start(rows), size)


def laid_out(start: Ints, size: Ints) -> Ints:
    """Lay ranges of numbers end to end, each from its start and of its size."""
    moved: Ints = start - (np.cumsum(size) - size)
    return np.repeat(moved, size) + np.arange(int(size.sum()))
