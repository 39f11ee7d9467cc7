"""Why a part for a user: facts from one statement, and the same in words."""

from __future__ import annotations

from dataclasses import dataclass

from holley_graph import spelling
from holley_graph.amounts import counted, money
from holley_graph.find import nearest
from holley_graph.graph.client import Readable, Row
from holley_graph.recommend.answers import reasons
from holley_graph.settings import Recommend

DID = {"VIEWED": "viewed", "CARTED": "added to the cart", "ORDERED": "ordered"}
"""Relationship type to its verb."""


@dataclass(frozen=True)
class Explanation:
    """What the graph says about one user and one part.

    Attributes:
        facts: the row of `recommend/explain`.
        path: the fitment path as text, "" when the part does not fit.
        reason: the sentence of an email whose first part this is; none when it does not fit.
        speaks_for: reasons, strongest first.
        rules_out: reasons why it is not recommended; empty: it may be.
    """

    facts: Row
    path: str
    reason: str | None
    speaks_for: list[str]
    rules_out: list[str]


def explain(graph: Readable, user_id: str, sku: str, rules: Recommend) -> Explanation:
    """Explain one pair.

    Raises:
        NotFound: no such user or SKU.
    """
    sku = spelling.upper(sku)
    rows = graph.read("recommend/explain", user_id=user_id, sku=sku, exclude_days=rules.exclude_days)
    if not rows:
        known = graph.read("recommend/known", user_id=user_id, vehicle_id=None, sku=sku)[0]
        raise nearest.no_user(graph, user_id) if known["user"] is None else nearest.no_sku(graph, sku)
    facts = rows[0]
    path = f"({user_id})-[:OWNS]->({facts['vehicle_id']})<-[:FITS]-({sku})" if facts["fits"] else ""
    sentences = reasons(graph, facts["vehicle_id"], [sku], user_id, rules) if facts["fits"] else {}
    return Explanation(facts, path, sentences.get(sku), list(_speaks_for(facts)), list(_rules_out(facts, user_id)))


def _speaks_for(facts: Row) -> list[str]:
    lines = []
    if facts["fits"]:
        lines.append(f"fits the {_spoken(facts['vehicle_id'])}")
    lines += [
        f"{counted(n['buyers'], 'person', 'people')} bought it after {_named(n)}, which this user {did}"
        for n, did in _once(facts["led_here"])
    ]
    lines += [
        f"seen together with {_named(n)} in {counted(n['sessions'], 'session')}, which this user {did}"
        for n, did in _once(facts["seen_together"])
    ]
    for near in facts["same_type"][:1]:
        lines.append(f"same part type ({facts['part_type']}) as {_named(near)}, which this user {DID[near['how']]}")
    if facts["owners_bought"]:
        lines.append(
            f"{counted(facts['owners_bought'], 'person', 'people')} with the same year, make and model bought it"
        )
    elif facts["model_bought"]:
        lines.append(f"{counted(facts['model_bought'], 'person', 'people')} with the same make and model bought it")
    if facts["score"] is not None:
        shown = abs(facts["own_history"]) >= 0.0005
        own = f", {facts['own_history']:+.3f} of it by what this user did before" if shown else ""
        lines.append(f"score {facts['score']:.3f} by the {facts['answered_by']} vector{own}")
    return lines


def _once(parts: list[Row]) -> list[tuple[Row, str]]:
    """List each part once, where it comes first, with everything that this user did with it."""
    first = {part["sku"]: part for part in reversed(parts)}
    return [(part, _did(part["sku"], parts)) for part in parts if first[part["sku"]] is part]


def _did(sku: str, parts: list[Row]) -> str:
    hows = {part["how"] for part in parts if part["sku"] == sku}
    *before, last = (verb for how, verb in DID.items() if how in hows)
    return f"{', '.join(before)} and {last}" if before else last


def _rules_out(facts: Row, user_id: str) -> list[str]:
    lines = []
    if facts["vehicle_id"] is None:
        lines.append(f"user {user_id} has no known vehicle")
    elif not facts["fits"]:
        lines.append(f"does not fit the {_spoken(facts['vehicle_id'])}")
    if facts["refurbished"]:
        lines.append("is refurbished")
    elif not facts["eligible"]:
        price = "unknown" if facts["price"] is None else money(facts["price"])
        lines.append(
            f"is not eligible (price {price}, image {facts['image_url'] or 'none'}, type {facts['part_type']})"
        )
    lines += [f"{bought['sku']} was bought on {str(bought['last_at'])[:10]}" for bought in facts["bought"]]
    return lines


def _named(part: Row) -> str:
    return f"{part['sku']} ({part['title']})" if part["title"] else str(part["sku"])


def _spoken(vehicle_id: str) -> str:
    return vehicle_id.replace("|", " ")
