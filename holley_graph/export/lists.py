"""Many short lists of row numbers in two arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Lists:
    """The list of row r is `values[offsets[r]:offsets[r + 1]]`, ascending."""

    offsets: Ints  # [rows + 1]
    values: Ints

    @classmethod
    def of(cls, row: Ints, value: Ints, rows: int) -> Self:
        """Group values by row; pairs with a negative end, which stands for unknown, are left out."""
        known = (row >= 0) & (value >= 0)
        row, value = row[known], value[known]
        order = np.lexsort((value, row))
        return cls(np.searchsorted(row[order], np.arange(rows + 1)).astype(np.int64), value[order])

    def __getitem__(self, row: int) -> Ints:
        """Return one list."""
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    @property
    def row(self) -> Ints:
        """[values] the row of each value."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))

    def of_rows(self, rows: Ints) -> Self:
        """Return the lists of some rows, in their order."""
        position, cell = self.flat(rows)
        return type(self)(np.searchsorted(position, np.arange(len(rows) + 1)).astype(np.int64), self.values[cell])

    def flat(self, rows: Ints) -> tuple[Ints, Ints]:
        """Lay the lists of many rows end to end.

        Returns:
            [values] the position in `rows` whose list it is, and the index into `values`.
        """
        start, sizes = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        ends = np.cumsum(sizes)
        position = np.repeat(np.arange(len(rows)), sizes)
        return position, np.arange(len(position)) + np.repeat(start - ends + sizes, sizes)


def looked_up(values: npt.NDArray[Any], row: Ints, otherwise: float) -> npt.NDArray[Any]:
    """Return the value of each row, `otherwise` where the row is negative; `values` may be empty."""
    picked = np.full(len(row), otherwise, values.dtype)
    picked[row >= 0] = values[row[row >= 0]]
    return picked
