"""A user and a part as a picture: one HTML file that loads nothing from anywhere."""

from __future__ import annotations

from pathlib import Path

from holley_graph import spelling
from holley_graph.errors import NotFound
from holley_graph.graph.client import Graph, Row

NEIGHBOURS = 6
"""Parts drawn that lead to the one in question."""

# as in cypher/browse/style.grass, so that a picture and Browser speak the same colours
COLOURS = {"User": "#4C8EDA", "Vehicle": "#F79767", "Product": "#57C7E3"}
SIZES = {"User": 22.0, "Vehicle": 30.0, "Product": 22.0}
FITMENT = {"OWNS", "FITS"}

# The library bundles all it needs; should it ever call anybody, the page forbids it.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob: data:; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; worker-src blob: data:; connect-src data: blob:"
)


def edges(graph: Graph, user_id: str, sku: str) -> list[Row]:
    """List how a part hangs together with a user.

    Raises:
        NotFound: no such user or SKU, or nothing connects them.
    """
    found = graph.read("recommend/picture", user_id=user_id, sku=spelling.upper(sku), k=NEIGHBOURS)
    if not found:
        raise NotFound(f"nothing connects user {user_id!r} and SKU {sku!r}", "are both in the graph?")
    return found


def path(found: list[Row]) -> list[Row]:
    """Keep the fitment path: user, vehicle, part; empty when the part does not fit."""
    kept = [edge for edge in found if edge["type"] in FITMENT]
    return kept if {edge["type"] for edge in kept} == FITMENT else []


def draw(found: list[Row], sku: str, file: Path) -> None:
    """Write edges as a picture that any web browser shows; the part in question is drawn larger."""
    from neo4j_viz import Node, Relationship, VisualizationGraph

    named = {edge[end]: (edge[f"{end}_label"], edge[f"{end}_name"]) for edge in found for end in ("start", "end")}
    nodes = [
        Node(
            id=key,
            caption=name,
            color=COLOURS[label],
            size=SIZES[label] * (1.4 if key == spelling.upper(sku) else 1),
            properties={"label": label, "key": key},
        )
        for key, (label, name) in named.items()
    ]
    relationships = [
        Relationship(
            source=edge["start"], target=edge["end"], caption=edge["says"], properties={"type": edge["type"]}
        )
        for edge in found
    ]
    page = str(VisualizationGraph(nodes, relationships).render(height="100vh", theme="light").data)
    policy = f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}" />'
    file.write_text(page.replace("<head>", f"<head>\n    {policy}", 1), encoding="utf-8")
