"""External keys and row numbers are different things; this map is the strict bridge between them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from holley_graph.errors import NotFound, ParcelError
from holley_graph.keys import find

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
            raise ParcelError(f"{what} keys must be unique and ascending", "take the snapshot again")

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self, keys: Sequence[str] | npt.NDArray[np.object_]) -> Rows:
        """Return the row number of each key.

        Raises:
            NotFound: a key is not in the map.
        """
        wanted = np.asarray(keys, dtype=object)
        rows = find(self.keys, wanted)
        if (rows < 0).any():
            raise NotFound(f"no {self.what} {wanted[rows < 0][0]!r} here", "take a new snapshot if it is new")
        return rows

    def row(self, key: str) -> int:
        """Return the row number of one key; raises `NotFound`."""
        return int(self.rows([key])[0])
