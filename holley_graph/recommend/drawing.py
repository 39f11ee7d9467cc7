"""A user and a part as a drawing: boxes with whole labels, and what connects them."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape

from holley_graph import spelling
from holley_graph.errors import NotFound
from holley_graph.graph.client import Graph, Row

NEIGHBOURS = 6
"""Parts drawn that lead to the one in question."""
FITMENT = {"OWNS", "FITS"}
DID = ("VIEWED", "CARTED", "ORDERED")
ORDER = ("OWNS", "FITS", *DID, "CO_PURCHASED", "CO_VIEWED")
"""Types in the order in which one line says them; a view together has no direction, so it comes last."""

# as in cypher/browse/style.grass, so that a drawing and Browser speak the same colours
COLOURS = {"User": ("#2B6CB0", "#FFFFFF"), "Vehicle": ("#F79767", "#1E2026"), "Product": ("#57C7E3", "#1E2026")}
"""Label to the colour of its box and of the text in it."""
LINES = {"fits": "#2F855A", "did": "#2B6CB0", "next": "#97499B", "seen": "#B83260"}
"""What a line means, to its colour."""

WIDTH, GAP, LINE, PAD = 230, 190, 18, 12
"""Pixels: of a box, between columns, of a line of text, around a text."""
LETTERS = 23
"""In a line of a box, wide capitals included."""


@dataclass(frozen=True)
class Box:
    """A node where it is drawn; `x` and `y` are its upper left corner."""

    label: str
    text: list[str]
    x: float
    y: float

    @property
    def height(self) -> float:
        """Pixels from its upper to its lower side."""
        return _height(self.text)

    @property
    def middle(self) -> float:
        """Pixels from the top to half its height: where lines meet it."""
        return self.y + self.height / 2


def edges(graph: Graph, user_id: str, sku: str) -> list[Row]:
    """List how a part hangs together with a user.

    Raises:
        NotFound: no such user or SKU, or nothing connects them.
    """
    rows = graph.read("recommend/drawing", user_id=user_id, sku=spelling.upper(sku), k=NEIGHBOURS)
    if not rows:
        raise NotFound(f"nothing connects user {user_id!r} and SKU {sku!r}", "are both in the graph?")
    return rows


def path(edges: list[Row]) -> list[Row]:
    """Keep the fitment path: user, vehicle, part; empty when the part does not fit."""
    fitment = [edge for edge in edges if edge["type"] in FITMENT]
    return fitment if {edge["type"] for edge in fitment} == FITMENT else []


def joined(edges: list[Row]) -> list[list[Row]]:
    """Put edges of one pair together: they are drawn as one line, in the colour of the first."""
    pairs: dict[frozenset[str], list[Row]] = {}
    for edge in sorted(edges, key=lambda edge: ORDER.index(edge["type"])):
        pairs.setdefault(frozenset((edge["start"], edge["end"])), []).append(edge)
    return list(pairs.values())


def svg(edges: list[Row], sku: str) -> str:
    """Draw edges: the user on the left, the part on the right, between them the vehicle and other parts."""
    boxes, lane, height = _placed(edges, sku)
    lines, texts = zip(*(_line(together, boxes, lane) for together in joined(edges)), strict=True)
    drawn = "".join(_box(box, chosen=key == sku) for key, box in boxes.items())
    heads = "".join(
        f'<marker id="{name}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{colour}"/></marker>'
        for name, colour in LINES.items()
    )
    width = 3 * WIDTH + 2 * GAP + 4
    return (
        f'<svg viewBox="-2 -2 {width} {height + 4:g}" width="{width}" role="img" aria-label="the drawing">'
        f"<defs>{heads}</defs>{''.join(lines)}{''.join(texts)}{drawn}</svg>"
    )


def _placed(edges: list[Row], sku: str) -> tuple[dict[str, Box], float | None, float]:
    """Place each node; return also where a line from the user to the part passes, if any, and the height."""
    named = {edge[end]: (edge[f"{end}_label"], edge[f"{end}_name"]) for edge in edges for end in ("start", "end")}
    texts = {key: (label, _text(label, key, name)) for key, (label, name) in named.items()}
    between = sorted(
        (key for key in texts if texts[key][0] == "Vehicle" or (texts[key][0] == "Product" and key != sku)),
        key=lambda key: texts[key][0] != "Vehicle",
    )
    boxes, y, lane = {}, 0.0, None
    for n, key in enumerate(between):
        if n == 1 and _direct(edges, sku):
            lane, y = y + LINE, y + 3 * LINE
        boxes[key] = Box(*texts[key], WIDTH + GAP, y)
        y += boxes[key].height + LINE
    if lane is None and _direct(edges, sku):
        lane, y = y + LINE, y + 3 * LINE
    ends = {key: 0 if texts[key][0] == "User" else 2 * (WIDTH + GAP) for key in texts if key not in between}
    height = max([y - LINE, *(_height(texts[key][1]) for key in ends)])
    for key, x in ends.items():
        boxes[key] = Box(*texts[key], x, (height - _height(texts[key][1])) / 2)
    return boxes, lane, height


def _direct(edges: list[Row], sku: str) -> bool:
    return any(edge["type"] in DID and edge["end"] == sku for edge in edges)


def _text(label: str, key: str, name: str) -> list[str]:
    """A box's lines: what it is called, and below that its key where that says more."""
    lines = textwrap.wrap(name, LETTERS) or [name]
    return lines + (textwrap.wrap(key, LETTERS) if label != "Vehicle" and key != name else [])


def _height(text: list[str]) -> float:
    return len(text) * LINE + 2 * PAD


def _box(box: Box, chosen: bool) -> str:
    fill, colour = COLOURS[box.label]
    rows = "".join(
        f'<tspan x="{box.x + WIDTH / 2:g}" y="{box.y + PAD + LINE * (n + 0.75):g}">{escape(line)}</tspan>'
        for n, line in enumerate(box.text)
    )
    return (
        f'<rect class="{"chosen" if chosen else "box"}" x="{box.x:g}" y="{box.y:g}" width="{WIDTH}" '
        f'height="{box.height:g}" rx="8" fill="{fill}"/><text fill="{colour}">{rows}</text>'
    )


def _line(together: list[Row], boxes: dict[str, Box], lane: float | None) -> tuple[str, str]:
    """Draw all that connects one pair as one line, and apart from it what it says: no line crosses a text."""
    start, end = boxes[together[0]["start"]], boxes[together[0]["end"]]
    means = meaning(together[0]["type"])
    x1, x2 = (start.x + WIDTH, end.x) if start.x < end.x else (start.x, end.x + WIDTH)
    x, y = (x1 + x2) / 2, (start.middle + end.middle) / 2
    drawn = f"M{x1:g} {start.middle:g}L{x2:g} {end.middle:g}"
    if lane is not None and end.x - start.x > WIDTH + GAP:
        y, bend = lane, GAP / 2
        drawn = f"M{x1:g} {start.middle:g}C{x1 + bend:g} {y:g} {x1 + bend:g} {y:g} {x:g} {y:g}"
        drawn += f"S{x2 - bend:g} {y:g} {x2:g} {end.middle:g}"
    arrow = "" if means == "seen" else f' marker-end="url(#{means})"'
    says = textwrap.wrap(", ".join(edge["says"] for edge in together), LETTERS)
    rows = "".join(
        f'<tspan x="{x:g}" y="{y + LINE * (n - len(says) / 2 + 0.7):g}">{escape(line)}</tspan>'
        for n, line in enumerate(says)
    )
    return (
        f'<path d="{drawn}" fill="none" stroke="{LINES[means]}" stroke-width="2"{arrow}/>',
        f'<text class="says">{rows}</text>',
    )


def meaning(kind: str) -> str:
    """Return what a line of this relationship type means, a key of `LINES`."""
    if kind in FITMENT:
        return "fits"
    return "did" if kind in DID else "next" if kind == "CO_PURCHASED" else "seen"
