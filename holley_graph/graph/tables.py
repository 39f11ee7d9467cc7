"""Whole node and relationship types out of Neo4j into Arrow, packed into lists by the server.

One record per hub node with lists inside costs the driver a fraction of one record per relationship
(`benchmarks/full_scale.py`, step `extraction`, measures how much).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from holley_graph.graph.client import Graph, ReadTransaction
from holley_graph.graph.schema import NODES, RELATIONSHIPS, Kind, Node, Relationship
from holley_graph.progress import Progress, silent

ARROW: Mapping[Kind, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "datetime": pa.int64(),
    "int[]": pa.list_(pa.int64()),
}


def arrow_schema(declared: Node | Relationship) -> pa.Schema:
    """Return the columns of a graph table: keys first, datetimes as epoch seconds (INT64)."""
    keys = [declared.key.name] if isinstance(declared, Node) else [declared.start, declared.end]
    fields = [pa.field(name, _key_type(declared)) for name in keys]
    return pa.schema(fields + [pa.field(p.name, ARROW[p.kind]) for p in declared.properties])


def read_tables(
    graph: Graph, names: Iterable[str] | None = None, progress: Progress = silent
) -> dict[str, pa.Table]:
    """Read graph tables; the caller makes sure that nobody writes meanwhile (`sync` holds its lock).

    Args:
        graph: where to read.
        names: tables wanted, nodes that their relationships need included; none: all.
        progress: told after each table.

    Returns:
        Table name to rows, columns as `arrow_schema` says, rows sorted by key.
    """
    wanted = [d for d in (*NODES, *RELATIONSHIPS) if names is None or d.table in set(names)]
    result: dict[str, pa.Table] = {}
    keys: dict[str, _Keys] = {}
    with graph.reading() as read:
        for done, declared in enumerate(wanted, 1):
            if isinstance(declared, Node):
                result[declared.table], keys[declared.label] = _node(read, declared)
            else:
                result[declared.table] = _relationship(read, declared, keys)
            progress("reading the graph", done, len(wanted))
    return result


class _Keys:
    """Neo4j's internal ids of one label, valid within one transaction, and the keys that they stand for."""

    def __init__(self, ids: npt.NDArray[np.int64], keys: pa.ChunkedArray) -> None:
        self._order = np.argsort(ids)
        self._ids = ids[self._order]
        self._keys = keys

    def take(self, ids: npt.NDArray[np.int64]) -> pa.ChunkedArray:
        return self._keys.take(pa.array(self._order[np.searchsorted(self._ids, ids)]))


def _node(read: ReadTransaction, declared: Node) -> tuple[pa.Table, _Keys]:
    schema = arrow_schema(declared)
    columns = _columns(read(f"tables/{declared.table}"), 1 + len(schema.names))
    table = pa.table([pa.array(values, f.type) for values, f in zip(columns[1:], schema, strict=True)], schema)
    keys = _Keys(np.array(columns[0], np.int64), table.column(declared.key.name))
    return table.sort_by(declared.key.name), keys


def _relationship(read: ReadTransaction, declared: Relationship, keys: Mapping[str, _Keys]) -> pa.Table:
    # hubs are end nodes, with the start nodes of their relationships in a list
    hubs, others, *packed = _columns(read(f"tables/{declared.table}"), 2 + len(declared.properties))
    hub = np.repeat(np.array(hubs, np.int64), [len(ids) for ids in others])
    other = np.fromiter(chain.from_iterable(others), np.int64)
    columns = [keys[declared.start_label].take(other), keys[declared.end_label].take(hub)]
    for values, prop in zip(packed, declared.properties, strict=True):
        flat = list(chain.from_iterable(values))
        # a list that the server packs cannot hold null: an absent time travels as −1
        absent = np.array([v == -1 for v in flat], bool) if prop.kind == "datetime" else None
        columns.append(pa.array(flat, ARROW[prop.kind], mask=absent))
    table = pa.table(columns, arrow_schema(declared))
    return table.sort_by([(declared.start, "ascending"), (declared.end, "ascending")])


def _columns(records: Iterable[Any], width: int) -> list[list[Any]]:
    columns = [list(column) for column in zip(*(record.values() for record in records), strict=True)]
    return columns or [[] for _ in range(width)]


def _key_type(declared: Node | Relationship) -> pa.DataType:
    return ARROW[declared.key.kind] if isinstance(declared, Node) else pa.string()
