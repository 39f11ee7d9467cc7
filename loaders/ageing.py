"""How interactions lose weight with age.

Decay is exponential: from one moment to another all weights change by one factor, and nobody reads them but
beside each other. So age counts to the last of the moments that lie a half-life apart, and a sync rewrites a weight
when its relationship changed; all of them, inside the server, once in a half-life.
"""

from __future__ import annotations

import math

from holley_graph.graph.client import Graph
from holley_graph.graph.schema import INTERACTIONS
from holley_graph.progress import Progress
from holley_graph.settings import Weights
from holley_graph.times import DAY

TABLES = tuple(relationship.table for relationship in INTERACTIONS)
"""Graph tables whose weights age: refreshed inside the server, not row by row from here."""


def reference(as_of: int, weights: Weights) -> int:
    """Return what age counts to, epoch seconds: the last multiple of the half-life up to `as_of`.

    Anything may lie after it: the weight of an event that has just happened is up to twice its base. Without decay
    there is no age.
    """
    days = weights.half_life_days
    if days is None or math.isinf(days):
        return 0
    return int(as_of // (days * DAY) * (days * DAY))


def base(table: str, weights: Weights) -> float:
    """Return the weight of one event of age zero."""
    return {"viewed": weights.view, "carted": weights.cart, "ordered": weights.order}[table]


def weights_version(as_of: int, weights: Weights) -> str:
    """Say what weights were computed with, for the graph's marker."""
    return f"{reference(as_of, weights)} {weights.model_dump_json()}"


def refresh(graph: Graph, as_of: int, weights: Weights, progress: Progress) -> None:
    """Bring the weights that did not change with their row to this time and these settings, if need be."""
    now = weights_version(as_of, weights)
    if graph.read("load/marker")[0]["weights_version"] == now:
        return
    decay = 0.0 if weights.half_life_days is None else math.log(2) / (weights.half_life_days * DAY)
    for done, table in enumerate(TABLES, 1):
        graph.write(
            f"load/weigh_{table}",
            reference=reference(as_of, weights),
            base=base(table, weights),
            decay=decay,
        )
        progress("refreshing weights", done, len(TABLES))
    graph.transaction([("load/weights_version", {"weights_version": now})])
