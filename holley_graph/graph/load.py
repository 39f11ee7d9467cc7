"""Changes into Neo4j: upserts and removals of graph tables by named statements, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from holley_graph.graph.client import Graph, Step
from holley_graph.graph.schema import NODES, RELATIONSHIPS
from holley_graph.progress import Progress, silent

_WEIGHTS = ("sku", "other_sku", "weight")


@dataclass(frozen=True)
class Change:
    """What one graph table needs: rows to create or update, and keys to remove."""

    upserts: pa.Table
    removals: pa.Table
    weight_only: pa.Table
    """Rows of which only the weight is another: of relationships between products nearly all, whenever one more
    person buys."""

    @property
    def rows(self) -> int:
        """Rows to write."""
        return int(self.upserts.num_rows + self.removals.num_rows + self.weight_only.num_rows)


def write(graph: Graph, changes: Mapping[str, Change], batch_rows: int, progress: Progress = silent) -> None:
    """Write changes in several transactions; every one may be run again without harm."""
    total, done = sum(change.rows for change in changes.values()), 0
    for step, size in steps(changes, batch_rows):
        graph.transaction([step])
        done += size
        progress("writing the graph", done, total)


def write_at_once(
    graph: Graph,
    changes: Mapping[str, Change],
    batch_rows: int,
    last: Sequence[Step],
    ready: Callable[[], object] = lambda: None,
) -> None:
    """Write changes and the steps of `last` in one transaction, once `ready` returns: all of it or nothing."""
    graph.transaction([step for step, _ in steps(changes, batch_rows)] + list(last), ready)


def steps(changes: Mapping[str, Change], batch_rows: int) -> Iterator[tuple[Step, int]]:
    """Order the writes so that ends exist before relationships and go after them.

    Yields:
        The statement with its rows, and the number of rows in it.
    """
    nodes = [node.table for node in NODES if node.table in changes]
    relationships = [relationship.table for relationship in RELATIONSHIPS if relationship.table in changes]
    for table in [*nodes, *relationships]:
        yield from _batched(f"load/{table}", changes[table].upserts, batch_rows)
        yield from _packed(f"load/reweigh_{table}", changes[table].weight_only, batch_rows)
    for table in [*relationships, *reversed(nodes)]:
        yield from _batched(f"load/sweep_{table}", changes[table].removals, batch_rows)


def _batched(statement: str, rows: pa.Table, size: int) -> Iterator[tuple[Step, int]]:
    for start in range(0, rows.num_rows, size):
        batch = rows.slice(start, size).to_pylist()
        yield (statement, {"rows": batch}), len(batch)


def _packed(statement: str, rows: pa.Table, size: int) -> Iterator[tuple[Step, int]]:
    """Pack weights by the product at the start: the server looks it up once, and the other end never."""
    for start in range(0, rows.num_rows, size):
        batch = rows.slice(start, size)
        sku, other, weight = (batch.column(name).to_numpy() for name in _WEIGHTS)
        starts = np.flatnonzero(np.append(True, sku[1:] != sku[:-1]))
        packed = [
            {"sku": sku[a], "weights": dict(zip(other[a:b], weight[a:b].tolist(), strict=True))}
            for a, b in zip(starts, np.append(starts[1:], len(sku)), strict=True)
        ]
        yield (statement, {"rows": packed}), batch.num_rows
