"""External keys and row numbers are different things; this map is the only bridge between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from holley_graph.errors import NotFound, ParcelError

Rows = npt.NDArray[np.int64]


class IdMap:
    """A strict one-to-one map between sorted external keys and row numbers 0 … n−1.

    Args:
        what: what the keys name, for messages.
        keys: unique keys in ascending order.

    Raises:
        ParcelError: keys repeat or are out of order.
    """

    def __init__(self, what: str, keys: Sequence[str] | npt.NDArray[np.object_]) -> None:
        self.what = what
        self.keys: npt.NDArray[np.object_] = np.asarray(keys, dtype=object)
        if len(self.keys) > 1 and not bool(np.all(self.keys[1:] > self.keys[:-1])):
            raise ParcelError(f"{what} keys must be unique and ascending")

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self, keys: Sequence[str] | npt.NDArray[np.object_]) -> Rows:
        """Return the row number of each key.

        Raises:
            NotFound: a key is not in the map.
        """
        wanted = np.asarray(keys, dtype=object)
        if not len(wanted):
            return np.empty(0, np.int64)
        rows = np.searchsorted(self.keys, wanted) if len(self) else np.zeros(len(wanted), np.int64)
        inside = rows < len(self)
        missing = ~inside
        missing[inside] = self.keys[rows[inside]] != wanted[inside]
        if missing.any():
            raise NotFound(f"no {self.what} {wanted[missing][0]!r} in this snapshot")
        return rows.astype(np.int64)

    def row(self, key: str) -> int:
        """Return the row number of one key; raises `NotFound`."""
        return int(self.rows([key])[0])
