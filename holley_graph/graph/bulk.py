"""Graph tables as the input files of Neo4j's offline import."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from holley_graph.graph.schema import NODES, RELATIONSHIPS, Kind, Node, Relationship

_IMPORT_TYPE: Mapping[Kind, str] = {
    "string": "string",
    "int": "long",
    "float": "double",
    "bool": "boolean",
    "datetime": "datetime",
    "int[]": "long[]",
}

ImportFiles = list[tuple[str, list[Path]]]
"""Label or relationship type, and its files."""


def write_import_files(tables: Mapping[str, pa.Table], folder: Path) -> tuple[ImportFiles, ImportFiles]:
    """Write one Parquet file with typed column names per label and type; the import tool refuses empty ones.

    Args:
        tables: graph tables by name; all of them.
        folder: an existing folder, which gets the files.

    Returns:
        Files of nodes and of relationships, as `import_offline` of the server room takes them.
    """
    nodes = [(n.label, [_write(tables[n.table], n, folder)]) for n in NODES if tables[n.table].num_rows]
    relationships = [
        (r.type, [_write(tables[r.table], r, folder)]) for r in RELATIONSHIPS if tables[r.table].num_rows
    ]
    return nodes, relationships


def _write(table: pa.Table, declared: Node | Relationship, folder: Path) -> Path:
    if isinstance(declared, Node):
        headers = [f"{declared.key.name}:ID({declared.label})"]
    else:
        headers = [f":START_ID({declared.start_label})", f":END_ID({declared.end_label})"]
    headers += [f"{p.name}:{_IMPORT_TYPE[p.kind]}" for p in declared.properties]
    kinds: list[Kind] = ["string"] * (len(headers) - len(declared.properties))
    kinds += [p.kind for p in declared.properties]
    columns = [_plain(table.column(i), kind) for i, kind in enumerate(kinds)]
    path = folder / f"{declared.table}.parquet"
    pq.write_table(pa.table(columns, names=headers), path, compression="zstd")
    return path


def _plain(column: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray:
    """Give lists and datetimes as text: the import tool reads neither from Parquet's own types."""
    if kind == "datetime":
        return pc.strftime(pc.cast(column, pa.timestamp("s", "UTC")), format="%Y-%m-%dT%H:%M:%SZ")
    if kind == "int[]":
        parts = pc.cast(column, pa.list_(pa.string()))
        return pc.binary_join(parts, ";")
    return column
