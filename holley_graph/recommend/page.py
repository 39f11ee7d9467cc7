"""Why a part for a user, as a page that one can send: one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

import time

from holley_graph.amounts import money
from holley_graph.graph.client import Row
from holley_graph.page.page import render
from holley_graph.recommend import drawing
from holley_graph.recommend.explain import Explanation
from holley_graph.times import iso

NODES = {"User": "a user", "Vehicle": "a vehicle", "Product": "a part; the one in question has a frame"}
MEANS = {
    "fits": "what the user owns, and what fits it",
    "did": "what the user did",
    "next": "what people bought next",
    "seen": "seen in the same sessions",
}


def explained(why: Explanation, edges: list[Row], user_id: str, sku: str) -> str:
    """Draw an explanation: score, reasons, and a drawing of what connects user and part."""
    facts = why.facts
    part = f"{facts['title']} ({sku})" if facts["title"] else sku
    price = "unknown" if facts["price"] is None else money(facts["price"])
    about = [("Part type", facts["part_type"]), ("Price", price)]
    about += [("An email says", why.reason)] if why.reason else []
    sentence = f"It {'is not' if why.rules_out else 'may be'} recommended to user {user_id}."
    return _drawn(f"Why {part}?", about, edges, sku, why=why, sentence=sentence, terms=_terms(facts))


def fitment(edges: list[Row], user_id: str, sku: str) -> str:
    """Draw the fitment path of a user and a part."""
    (part,) = {edge["start_name"] for edge in edges if edge["type"] == "FITS"}
    named = f"{part} ({sku})" if part != sku else sku
    (vehicle,) = {edge["end_name"] for edge in edges if edge["type"] == "FITS"}
    return _drawn(f"{named} fits a {vehicle}", [("For user", user_id)], edges, sku, why=None)


def _drawn(title: str, about: list[tuple[str, str]], edges: list[Row], sku: str, **more: object) -> str:
    """Fill the page: the drawing and its legend are on every one."""
    nodes = {edge[f"{end}_label"] for edge in edges for end in ("start", "end")}
    lines = {drawing.meaning(together[0]["type"]) for together in drawing.joined(edges)}
    legend = [(drawing.COLOURS[label][0], "", says) for label, says in NODES.items() if label in nodes]
    legend += [(drawing.LINES[kind], "line", says) for kind, says in MEANS.items() if kind in lines]
    return render(
        "recommend/why.html",
        title=title,
        about=[*about, ("Drawn", iso(int(time.time()))[:10])],
        drawing=drawing.svg(edges, sku),
        legend=legend,
        **more,
    )


def _terms(facts: Row) -> list[tuple[str, float, float]]:
    """List the parts of the score, each with its share of the largest."""
    if facts["score"] is None:
        return []
    popularity, lift, own = facts["popularity"], facts["lift"], facts["own_history"]
    terms = (
        (
            f"taste: the vector of the {facts['answered_by']} and that of the part",
            facts["score"] - popularity - lift - own,
        ),
        ("popularity: what everybody chooses", popularity),
        ("lift: what owners of this vehicle choose", lift),
        ("history: what this user did before", own),
    )
    most = max(abs(value) for _, value in terms) or 1.0
    return [(name, round(value, 3) + 0.0, abs(value) / most) for name, value in terms]
