"""Keys to rows, leniently: a key that is not there has row −1. `snapshot.ids` has the strict map."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]


def find(keys: npt.NDArray[Any], wanted: npt.NDArray[Any]) -> Ints:
    """Return the place of each wanted key among ascending, distinct `keys`, −1 where it is not there."""
    if not len(keys):
        return np.full(len(wanted), -1)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, place, -1)


def find_text(keys: Any, wanted: Any) -> Ints:
    """Return the place of each wanted text among distinct `keys` in any order, −1 where it is not there.

    Args:
        keys: Arrow column or array of texts.
        wanted: the same.
    """
    keys, wanted = (_column(texts) for texts in (keys, wanted))
    return np.array(pc.index_in(wanted, value_set=keys).fill_null(-1), np.int64)


def looked_up(values: npt.NDArray[Any], row: Ints, otherwise: float) -> npt.NDArray[Any]:
    """Return the value of each row, `otherwise` where the row is negative; `values` may be empty."""
    picked = np.full(len(row), otherwise, values.dtype)
    picked[row >= 0] = values[row[row >= 0]]
    return picked


def _column(texts: Any) -> pa.Array:
    if isinstance(texts, pa.ChunkedArray):
        return texts.combine_chunks()
    return texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
