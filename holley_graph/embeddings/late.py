"""Vectors of what came after the live release, into the graph: in one transaction, never beside another release."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from holley_graph.embeddings import table
from holley_graph.embeddings.writeback import await_indexes, flip
from holley_graph.errors import GraphStateError
from holley_graph.graph.client import Graph, Step

BATCH = 2_000


def write_late(graph: Graph, run: Path) -> dict[str, int]:
    """Give every node without a live vector the one that the live run has for it.

    Readers see none of them or all: it is done like a flip, and what a flip tells readers holds here too. Killed at
    any moment, the next call does what is left.

    Args:
        graph: where to write.
        run: folder of the live release, late vectors included.

    Returns:
        How many were written, by table.

    Raises:
        GraphStateError: another release is live.
    """
    steps: list[Step] = []
    wanted = _wanted(graph, run)
    for name, (keys, vectors) in wanted.items():
        for start in range(0, len(keys), BATCH):
            part = slice(start, start + BATCH)
            pairs = zip(keys[part], vectors[part].tolist(), strict=True)
            rows = [{"key": key, "vector": vector} for key, vector in pairs]
            steps.append((f"writeback/late_{name}", {"run_id": run.name, "rows": rows}))
    if steps:
        flip(graph, steps)
        await_indexes(graph)
        if any(len(keys) for keys, _ in _wanted(graph, run).values()):
            raise GraphStateError(f"{run.name} is not live any more", "run it again, for the release that is")
    return {name: len(keys) for name, (keys, _) in wanted.items()}


def _wanted(graph: Graph, run: Path) -> dict[str, tuple[npt.NDArray[np.object_], table.Vectors]]:
    """Find the nodes that have no live vector and get one: keys and vectors by table."""
    tables, found = table.load_with_late(run, table.NODES), {}
    for name in table.NODES:
        keys = np.array(sorted(graph.read(f"writeback/without_{name}")[0]["keys"]), object)
        row = tables[name].find(keys)
        found[name] = keys[row >= 0], tables[name].vectors[row[row >= 0]]
    return found
