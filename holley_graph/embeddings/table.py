"""Embedding tables as they are served: an inner product and the lift of the fitment rank, whoever asks.

A query vector (user, vehicle, model, make) is `[q, 1, 0]`, a product's is `[z, b, pad]`. Their inner product is
q·z + b, b being the product's popularity; the score adds the lift of the fitment (`lift.Lift`). `pad` gives every
product vector one common length, so that an index that knows only cosine orders as the inner product does
(Bachrach et al., RecSys 2014).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from holley_graph import files, sealed
from holley_graph.embeddings import lift
from holley_graph.embeddings.lift import Lift
from holley_graph.embeddings.paths import Paths
from holley_graph.errors import ParcelError
from holley_graph.graph.schema import VECTORS
from holley_graph.keys import find

Vectors = npt.NDArray[np.float32]
EXTRA = 2
"""Coordinates beside the model's own: popularity, and padding to one length."""

_ANEW = "holley-graph train makes another run"

INDUCTIVE = "inductive.parquet"
"""What `embed --new` adds to a run folder: nodes that came after the run."""
NAMES = tuple(vector.table for vector in VECTORS)
NODES = tuple(vector.table for vector in VECTORS if vector.label != "User")
"""Tables that newcomers get a row in. People do not: whoever has no vector is answered by their vehicle's."""


@dataclass(frozen=True)
class Table:
    """Vectors of one kind of node.

    Attributes:
        keys: [rows] external keys, ascending.
        vectors: [rows, dim + EXTRA].
    """

    keys: npt.NDArray[np.object_]
    vectors: Vectors

    def find(self, keys: npt.NDArray[np.object_]) -> npt.NDArray[np.int64]:
        """Return the row of each key, −1 where it has none."""
        return find(self.keys, keys)


class Tables(Mapping[str, Table]):
    """All that a release scores with: tables of vectors by name, the lift of fitments, and weights of paths.

    Args:
        tables: by name.
        lift: of pairs of vehicle and product.
        paths: weights of what a person's own history says.
    """

    def __init__(self, tables: Mapping[str, Table], lift: Lift | None = None, paths: Paths | None = None) -> None:
        self._tables = dict(tables)
        self.lift = Lift.none() if lift is None else lift
        self.paths = paths or Paths()

    def __getitem__(self, name: str) -> Table:
        """Return one table."""
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        """Name the tables."""
        return iter(self._tables)

    def __len__(self) -> int:
        """Count the tables."""
        return len(self._tables)

    def __or__(self, others: Mapping[str, Table]) -> Tables:
        """Put other tables in the place of those of their names, or beside them."""
        return Tables({**self._tables, **others}, self.lift, self.paths)


def queries(vectors: Vectors) -> Vectors:
    """Extend query vectors [n, dim] to [n, dim + EXTRA]: popularity counts once, padding not at all."""
    return np.hstack([vectors, np.ones((len(vectors), 1)), np.zeros((len(vectors), 1))]).astype(np.float32)


def products(vectors: Vectors, popularity: npt.NDArray[np.float32]) -> Vectors:
    """Extend product vectors [n, dim] by their popularity [n] and pad all to the length of the longest."""
    with_bias = np.hstack([vectors, popularity[:, None]]).astype(np.float64)
    squares = np.square(with_bias).sum(1)
    padding = np.sqrt(squares.max(initial=0.0) - squares)
    return np.hstack([with_bias, padding[:, None]]).astype(np.float32)


def pad_to(length: float, vectors: Vectors) -> Vectors:
    """Pad product vectors [n, dim + EXTRA] to another common length; one that is longer is cut down to it."""
    own = vectors[:, :-1].astype(np.float64)
    lengths = np.linalg.norm(own, axis=1, keepdims=True)
    own *= np.minimum(1, length / np.maximum(lengths, 1e-12))
    padding = np.sqrt(np.maximum(length**2 - np.square(own).sum(1), 0))
    return np.hstack([own, padding[:, None]]).astype(np.float32)


def save(tables: Tables, folder: Path) -> None:
    """Write `vectors_NAME.npy` and `keys_NAME.parquet` per table, `lift.parquet` if any, and `paths.json`."""
    for name, table in tables.items():
        content = io.BytesIO()  # numpy's own writing to a file hides a full disk in an error without a number
        np.save(content, np.ascontiguousarray(table.vectors))
        _file(folder, name).write_bytes(content.getbuffer())
        pq.write_table(pa.table({"key": pa.array(table.keys, pa.string())}), folder / f"keys_{name}.parquet")
    if len(tables.lift):
        tables.lift.save(folder / lift.FILE)
    tables.paths.save(folder)


def add_inductive(tables: Tables, folder: Path) -> None:
    """Keep more of what came after a run beside its sealed tables, vectors and lifts in a file each.

    Each file is replaced whole. Killed between the two, the next call brings the vectors.
    """
    if len(tables.lift):
        pairs = lift.load(folder / lift.LATE_FILE).together(tables.lift)
        _put(pairs.as_table(), folder / lift.LATE_FILE)
    earlier = load_inductive(folder)
    both = {name: together(earlier[name], new) if name in earlier else new for name, new in tables.items()}
    tables = Tables(both)
    names = [name for name, new in tables.items() for _ in new.keys]
    keys = np.concatenate([np.empty(0, object), *(new.keys for new in tables.values())])
    vectors = [vector for new in tables.values() for vector in new.vectors]
    columns = [pa.array(names, pa.string()), pa.array(keys, pa.string()), pa.array(vectors, pa.list_(pa.float32()))]
    _put(pa.table(columns, ["table", "key", "vector"]), folder / INDUCTIVE)


def _put(rows: pa.Table, path: Path) -> None:
    with files.replacing(path) as file:
        pq.write_table(rows, file, compression="zstd", write_page_checksum=True)


def load_inductive(folder: Path) -> dict[str, Table]:
    """Read what `add_inductive` kept; nothing where nothing came.

    Raises:
        ParcelError: the file is unreadable.
    """
    path = folder / INDUCTIVE
    if not path.exists():
        return {}
    read = sealed.table(path, ["table", "key", "vector"], "remove it, then holley-graph embed --new")
    inductive = {}
    for name in read["table"].unique().to_pylist():
        rows = read.filter(pc.equal(read["table"], name)).sort_by("key")
        vectors = np.stack(rows["vector"].to_numpy(zero_copy_only=False)).astype(np.float32)
        inductive[name] = Table(rows["key"].to_numpy(zero_copy_only=False).astype(object), vectors)
    return inductive


def load_with_inductive(folder: Path, names: Iterable[str] = NAMES) -> Tables:
    """Read the tables of a run as they are served: with what came after it.

    An evaluation has no use for them: their encoding saw what came later.

    Raises:
        ParcelError: as `load`.
    """
    tables = load(folder, names)
    inductive = {name: new for name, new in load_inductive(folder).items() if name in tables}
    both = tables | {name: together(tables[name], new) for name, new in inductive.items()}
    return Tables(both, tables.lift.together(lift.load(folder / lift.LATE_FILE)), tables.paths)


def together(left: Table, right: Table) -> Table:
    """Put two tables that share no key into one."""
    keys, vectors = np.concatenate([left.keys, right.keys]), np.vstack([left.vectors, right.vectors])
    order = np.argsort(keys)
    return Table(keys[order], vectors[order])


def load(folder: Path, names: Iterable[str] = NAMES) -> Tables:
    """Read the tables of a run, those that it has of `names`.

    Raises:
        ParcelError: files are missing, disagree in length or are not those that the run was sealed with.
    """
    _check_seal(folder)
    vectors = {name: np.array(mapped(folder, name)) for name in names if _file(folder, name).exists()}
    if not vectors:
        raise ParcelError(f"{folder} holds no readable embeddings: there are none", _ANEW)
    try:
        keys = {n: pq.read_table(folder / f"keys_{n}.parquet").column("key").to_numpy() for n in vectors}
    except (OSError, ValueError) as error:
        raise ParcelError(f"{folder} holds no readable embeddings: {error}", _ANEW) from error
    for name, table in vectors.items():
        if len(table) != len(keys[name]):
            raise ParcelError(f"{folder}: {name} has {len(table)} vectors and {len(keys[name])} keys", _ANEW)
    made = {name: Table(keys[name], table) for name, table in vectors.items()}
    return Tables(made, lift.load(folder / lift.FILE), Paths.load(folder))


def mapped(folder: Path, name: str) -> Vectors:
    """Open one table's vectors where they lie: rows are read as they are asked for.

    Raises:
        ParcelError: the file is missing or unreadable.
    """
    try:
        vectors: Vectors = np.load(_file(folder, name), mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise ParcelError(f"{folder} holds no readable embeddings: {error}", _ANEW) from error
    return vectors


def _file(folder: Path, name: str) -> Path:
    return folder / f"vectors_{name}.npy"


def _check_seal(folder: Path) -> None:
    manifest = folder / "manifest.json"
    if manifest.exists():
        sealed.check(folder, sealed.read(manifest)["files"])
