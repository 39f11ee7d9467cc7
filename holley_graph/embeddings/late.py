"""Vectors of what came after the live release, into its slot."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from holley_graph.embeddings import slots, table
from holley_graph.embeddings.table import Table
from holley_graph.embeddings.writeback import stage
from holley_graph.errors import GraphStateError
from holley_graph.graph.alone import in_graph
from holley_graph.graph.client import Graph


def write_late(graph: Graph, run: Path) -> dict[str, int]:
    """Give every node without a vector in the live slot the one that the live run has for it.

    They belong to the slot, so a rollback goes back without them and forward with them. Killed at any moment, the
    next call does what is left.

    Args:
        graph: where to write.
        run: folder of the live release, late vectors included.

    Returns:
        How many were written, by table.

    Raises:
        GraphStateError: another release is live, or somebody else writes into this graph.
    """
    with in_graph(graph, f"embed of {run.name}"):
        slots.tidy(graph)
        release = slots.live(graph)
        if release is None or release["run_id"] != run.name:
            raise GraphStateError(f"{run.name} is not live any more", "run it again, for the release that is")
        written = stage(graph, release["number"], _wanted(graph, run, release["slot"]))
        slots.index(graph, release["slot"], release["dim"])
    return written


def _wanted(graph: Graph, run: Path, slot: str) -> dict[str, Table]:
    """Find the vectors of nodes that have none in a slot."""
    tables, wanted = table.load_with_late(run, table.NODES), {}
    for row in graph.read("writeback/missing", slot=slot):
        keys = np.array(sorted(row["keys"]), object)
        at = tables[row["name"]].find(keys)
        wanted[row["name"]] = Table(keys[at >= 0], tables[row["name"]].vectors[at[at >= 0]])
    return wanted
