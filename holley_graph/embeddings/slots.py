"""Where releases lie in the graph: each in a slot of its own, and one property of one node names the live one.

Slot `a` is the properties `embedding_a` (of products `embedding_anchor_a`, too) with indexes of their own.
There are three: the live release, the one before it, and the next one while it is staged.
"""

from __future__ import annotations

from dataclasses import asdict

from holley_graph.embeddings.paths import Paths
from holley_graph.errors import GraphStateError
from holley_graph.graph.client import Graph, Row
from holley_graph.graph.schema import VECTORS

INDEXED = tuple(vector.table for vector in VECTORS if vector.indexed)


def releases(graph: Graph) -> list[Row]:
    """List every release that the graph has seen, newest first."""
    return graph.read("writeback/releases")


def live(graph: Graph) -> Row | None:
    """Return the live release."""
    return next((row for row in releases(graph) if row["state"] == "live"), None)


def stage(graph: Graph, run_id: str, dim: int, product_norm: float, paths: Paths) -> tuple[int, str]:
    """Give a run a slot.

    Returns:
        The release's number, which no other ever had, and its slot.

    Raises:
        GraphStateError: nothing was synced, or there is no free slot.
    """
    release = graph.write(
        "writeback/release_staged", run_id=run_id, dim=dim, product_norm=product_norm, **asdict(paths)
    )
    if "slot" not in release:
        raise GraphStateError("the graph has no room for a release", "holley-graph sync, then writeback RUN")
    return release["number"], release["slot"]


def index(graph: Graph, slot: str, dim: int) -> None:
    """Make sure that a slot is indexed, and return when its indexes serve.

    Raises:
        GraphStateError: one did not come online in time.
    """
    for name in INDEXED:
        graph.write(f"writeback/index_{name}_{slot}", dim=dim)
    graph.read("server/await_indexes")
    offline = graph.read("writeback/offline_indexes")
    if offline:
        raise GraphStateError(f"index {offline[0]['name']} is {offline[0]['state']}", "holley-graph status")


def go_live(graph: Graph, number: int) -> None:
    """Put a release live, in one small transaction.

    Raises:
        GraphStateError: it has no slot any more.
    """
    if "run_id" not in graph.write("writeback/release_live", number=number):
        raise GraphStateError("somebody else took the slot of this release", "run it again")


def tidy(graph: Graph) -> None:
    """Free the slots of releases that nobody needs, and make sure that the others are indexed.

    Whatever was killed before leaves nothing that this does not mend.
    """
    for row in releases(graph):
        if row["state"] in ("live", "previous"):
            index(graph, row["slot"], row["dim"])
        elif row["slot"]:
            _free(graph, row["slot"], row["number"])


def _free(graph: Graph, slot: str, number: int) -> None:
    for name in INDEXED:
        graph.write("writeback/drop_index", name=f"{name}_embedding_{slot}")
    graph.write("writeback/clear", slot=slot)
    graph.write("writeback/clear_lift", slot=slot)
    graph.write("writeback/release_freed", number=number)
