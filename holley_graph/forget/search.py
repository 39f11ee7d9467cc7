"""Looks for a person in every file: the proof that nothing was left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from holley_graph.forget.person import Person

NOT_OURS = ("server", "demo", "spill")
"""Folders of the home that are not searched: the database's own files (it is asked itself), generated sources, and
what a running engine spills."""


def files(home: Path) -> Iterator[Path]:
    """List what this tool keeps in its home."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and path.relative_to(home).parts[0] not in NOT_OURS:
            yield path


def naming(paths: Iterable[Path], person: Person) -> list[Path]:
    """Return the files in which any of a person's names stands."""
    return [path for path in paths if _names(path, person.names)]


def _names(path: Path, names: tuple[str, ...]) -> bool:
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            return any(_column_names(batch, names) for batch in file.iter_batches())
    data = path.read_bytes()
    return any(name.encode() in data for name in names)


def _column_names(batch: pa.RecordBatch, names: tuple[str, ...]) -> bool:
    texts = [column for column in batch.columns if pa.types.is_string(column.type)]
    return any(pc.any(pc.match_substring(text, name)).as_py() for text in texts for name in names)
