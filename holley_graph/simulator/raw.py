"""Making raw tables dirty in columns: spellings, property lists, times, files in parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from holley_graph.simulator.schemas import PROPERTY, SCHEMAS, TIME

PART_ROWS = 200_000  # rows of one file; bounds the memory of building nested columns
Ints = npt.NDArray[np.int64]
Traps = Counter[str]


def planted(rows: int, share: float) -> int:
    """How many traps of a kind a table of `rows` gets: at least three."""
    return max(3, round(rows * share))


def misspelt(rng: np.random.Generator, text: pa.Array, share: float, traps: Traps, name: str) -> pa.Array:
    """Write some values in the other case, with spaces around, or both; what they mean stays."""
    hit = rng.random(len(text)) < share
    hit[: min(len(text), 3)] = True
    kind = np.where(hit, rng.integers(1, 4, len(text)), 0)
    swapped = pc.utf8_swapcase(text)
    padded = pc.binary_join_element_wise("  ", text, " ", "")
    both = pc.binary_join_element_wise(" ", swapped, "", "")
    written = pc.choose(pa.array(kind), text, swapped, padded, both)
    traps[name] += int(pc.sum(pc.not_equal(written, text)).as_py() or 0)  # "12-1000" has no other case
    return written


def times(seconds: npt.NDArray[np.integer[Any]]) -> pa.Array:
    """Epoch seconds to timestamps; negative means none."""
    return pa.array(seconds.astype(np.int64) * 1_000_000, mask=seconds < 0).cast(TIME)


@dataclass(frozen=True)
class RawProperty:
    """One property of some rows: names, and the value where it stands; absent columns are null."""

    row: Ints
    name: pa.Array
    string: pa.Array | None = None
    long: pa.Array | None = None
    double: pa.Array | None = None


def property_lists(rows: int, properties: list[RawProperty]) -> pa.Array:
    """Gather properties into one list per row, in the order given."""
    row = np.concatenate([p.row for p in properties])
    order = pa.array(np.argsort(row, kind="stable"))
    columns = [("name", pa.string()), ("string", pa.string()), ("long", pa.int64()), ("double", pa.float64())]
    parts = []
    for field, kind in columns:
        pieces = [_or_nulls(getattr(p, field), p.row.size, kind) for p in properties]
        parts.append(pa.concat_arrays(pieces).take(order))
    offset = np.zeros(rows + 1, dtype=np.int32)
    np.cumsum(np.bincount(row, minlength=rows), out=offset[1:])
    return pa.ListArray.from_arrays(pa.array(offset), pa.StructArray.from_arrays(parts, fields=list(PROPERTY)))


def _or_nulls(column: pa.Array | None, size: int, kind: pa.DataType) -> pa.Array:
    return pa.nulls(size, kind) if column is None else column.cast(kind)


def write(folder: Path, name: str, rows: int, build: Callable[[slice], pa.Table]) -> None:
    """Write `NAME.parquet`, or `NAME/part-NNN.parquet` when one file would be too large."""
    parts = max(1, -(-rows // PART_ROWS))
    if parts > 1:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for part in range(parts):
        path = folder / f"{name}.parquet" if parts == 1 else folder / name / f"part-{part:03d}.parquet"
        table = build(slice(part * PART_ROWS, min((part + 1) * PART_ROWS, rows)))
        pq.write_table(table.cast(SCHEMAS[name]), path, compression="zstd")
