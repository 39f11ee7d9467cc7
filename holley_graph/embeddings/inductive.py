"""Vectors of what came after the live release, into its slot."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from holley_graph.embeddings import slots, table
from holley_graph.embeddings.lift import Lift
from holley_graph.embeddings.table import Table, Tables
from holley_graph.embeddings.writeback import stage, stage_lift
from holley_graph.errors import GraphStateError
from holley_graph.graph.alone import in_graph
from holley_graph.graph.client import Graph


def write_inductive(graph: Graph, run: Path) -> dict[str, int]:
    """Give every node without a vector in the live slot the one that the live run has for it.

    They belong to the slot, so a rollback goes back without them and forward with them. Killed at any moment, the
    next call does what is left.

    Args:
        graph: where to write.
        run: folder of the live release, inductive vectors included.

    Returns:
        How many were written, by table, and of lifts.

    Raises:
        GraphStateError: another release is live, or somebody else writes into this graph.
    """
    with in_graph(graph, f"embed of {run.name}"):
        slots.tidy(graph)
        release = slots.live(graph)
        if release is None or release["run_id"] != run.name:
            raise GraphStateError(f"{run.name} is not live any more", "run it again, for the release that is")
        tables = table.load_with_inductive(run, table.NODES)
        written = stage(graph, release["number"], _wanted(graph, tables, release["slot"]))
        written["lift"] = stage_lift(graph, release["number"], _wanted_lift(graph, tables, release["slot"]))
        slots.index(graph, release["slot"], release["dim"])
    return written


def _wanted_lift(graph: Graph, tables: Tables, slot: str) -> Lift:
    """Find the lifts of fitments that have none in a slot."""
    gaps = graph.read("writeback/missing_lift", slot=slot)
    vehicles = np.array([row["key"] for row in gaps], object)
    vehicle = np.repeat(np.arange(len(gaps)), [len(row["skus"]) for row in gaps])
    skus, product = np.unique([sku for row in gaps for sku in row["skus"]], return_inverse=True)
    rows = tables.lift.rows(vehicles, skus.astype(object), vehicle, product)
    return tables.lift.take(np.sort(rows[rows >= 0]))


def _wanted(graph: Graph, tables: Tables, slot: str) -> dict[str, Table]:
    """Find the vectors of nodes that have none in a slot."""
    wanted = {}
    for row in graph.read("writeback/missing", slot=slot):
        keys = np.array(sorted(row["keys"]), object)
        at = tables[row["name"]].find(keys)
        wanted[row["name"]] = Table(keys[at >= 0], tables[row["name"]].vectors[at[at >= 0]])
    return wanted
