"""Why a part for a user, as a page that one can send: one HTML file that loads nothing and runs nothing."""

from __future__ import annotations

from html import escape

from holley_graph.amounts import money
from holley_graph.graph.client import Row
from holley_graph.recommend import picture
from holley_graph.recommend.explain import Explanation

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --page: #fff; --text: #1e2026; --soft: #59606b; --line: #d9dce1; --plus: #2f855a;
  --minus: #b83260; }
@media (prefers-color-scheme: dark) {
  :root { --page: #15171a; --text: #eceef0; --soft: #a9b0ba; --line: #363b42; } }
body { margin: 0 auto; padding: 1.25rem; max-width: 70rem; background: var(--page); color: var(--text);
  font: 16px/1.45 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 1.75rem 0 .4rem; }
p { margin: .2rem 0; } .soft { color: var(--soft); } ul { margin: 0; padding-left: 1.2rem; }
table { border-collapse: collapse; } td { padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); }
td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
tr.sum td { font-weight: 600; border: 0; }
td.drawn { width: 10rem; } td.drawn span { display: block; height: .7rem; border-radius: .2rem; }
.plus { background: var(--plus); } .minus { background: var(--minus); }
.wide { overflow-x: auto; }
svg { font: 14px system-ui, sans-serif; min-width: 44rem; max-width: 100%; height: auto; }
svg text { text-anchor: middle; } .box { stroke: none; } .chosen { stroke: var(--text); stroke-width: 3; }
.says { fill: var(--text); font-size: 13px; paint-order: stroke; stroke: var(--page); stroke-width: 6px; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; list-style: none; padding: 0; font-size: .9rem; }
.legend span { display: inline-block; width: 1.5rem; height: .8rem; border-radius: .2rem; margin-right: .4rem; }
.legend .line { height: .2rem; vertical-align: middle; }
"""
NODES = {"User": "a user", "Vehicle": "a vehicle", "Product": "a part; the one in question has a frame"}
MEANS = {
    "fits": "what the user owns, and what fits it",
    "did": "what the user did",
    "next": "what people bought next",
    "seen": "seen in the same sessions",
}


def explained(why: Explanation, edges: list[Row], user_id: str, sku: str) -> str:
    """Draw an explanation: score, reasons, and a picture of what connects user and part."""
    facts = why.facts
    part = f"{facts['title']} ({sku})" if facts["title"] else sku
    price = "price unknown" if facts["price"] is None else money(facts["price"])
    said = f"<p>An email says: {escape(why.reason)}</p>" if why.reason else ""
    parts = (
        f'<p class="soft">{escape(facts["part_type"])}, {price}. For user {escape(user_id)}.</p>{said}',
        _score(facts),
        _reasons("Reasons for it", why.speaks_for),
        _reasons("Reasons against it", why.rules_out),
        _drawn(edges, sku),
    )
    verdict = "is not recommended" if why.rules_out else "may be recommended"
    return _page(f"Why {part} {verdict}", "".join(parts))


def fitment(edges: list[Row], user_id: str, sku: str) -> str:
    """Draw the fitment path of a user and a part."""
    about = f'<p class="soft">For user {escape(user_id)}.</p>'
    (part,) = {edge["start_name"] for edge in edges if edge["type"] == "FITS"}
    named = f"{part} ({sku})" if part != sku else sku
    (vehicle,) = {edge["end_name"] for edge in edges if edge["type"] == "FITS"}
    return _page(f"{named} fits a {vehicle}", about + _drawn(edges, sku))


def _page(title: str, body: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
{body}
</body></html>
"""


def _score(facts: Row) -> str:
    """The parts of the score, each with a bar; they add up to it."""
    if facts["score"] is None:
        return ""
    popularity, lift, own = facts["popularity"], facts["lift"], facts["own_history"]
    taste = facts["score"] - popularity - lift - own
    terms = (
        (f"taste: the vector of the {facts['answered_by']} and that of the part", taste),
        ("popularity: what everybody chooses", popularity),
        ("lift: what owners of this vehicle choose", lift),
        ("history: what this user did before", own),
    )
    most = max(abs(value) for _, value in terms) or 1.0
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td class="number">{round(value, 3) + 0.0:+.3f}</td><td class="drawn">'
        f'<span class="{"plus" if value >= 0 else "minus"}" style="width:{abs(value) / most:.0%}"></span></td></tr>'
        for name, value in terms
    )
    total = f'<tr class="sum"><td>score</td><td class="number">{facts["score"]:.3f}</td><td></td></tr>'
    return f"<h2>Score</h2><table>{rows}{total}</table>"


def _reasons(title: str, reasons: list[str]) -> str:
    listed = "".join(f"<li>{escape(line)}</li>" for line in reasons or ["none"])
    return f"<h2>{title}</h2><ul>{listed}</ul>"


def _drawn(edges: list[Row], sku: str) -> str:
    nodes = {edge[f"{end}_label"] for edge in edges for end in ("start", "end")}
    lines = {picture.meaning(together[0]["type"]) for together in picture.joined(edges)}
    legend = [(picture.COLOURS[label][0], "", says) for label, says in NODES.items() if label in nodes]
    legend += [(picture.LINES[kind], "line", says) for kind, says in MEANS.items() if kind in lines]
    listed = "".join(
        f'<li><span class="{kind}" style="background:{colour}"></span>{says}</li>' for colour, kind, says in legend
    )
    return (
        f'<h2>How they are connected</h2><div class="wide" tabindex="0">{picture.svg(edges, sku)}</div>'
        f'<ul class="legend">{listed}</ul>'
    )
