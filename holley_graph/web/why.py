"""Why a person gets a part or does not: what speaks for it, what rules it out, and what stands before it."""

from __future__ import annotations

from typing import Any

from holley_graph.amounts import counted
from holley_graph.graph.client import Readable
from holley_graph.recommend.answers import shape
from holley_graph.recommend.explain import Explanation, explain
from holley_graph.settings import Recommend

SENT = 4
"""Parts that an email has."""
ALL = 100
"""Places that are looked at."""


def why(graph: Readable, rules: Recommend, user_id: str, sku: str) -> dict[str, Any]:
    """Explain one pair for a page.

    Raises:
        NotFound: no such user or SKU.
    """
    explanation = explain(graph, user_id, sku, rules)
    (part,) = graph.read("find/cards", skus=[sku.strip().upper()])
    before = "" if explanation.rules_out else place(graph, rules, user_id, part["sku"])
    return {
        "part": part | {"reason": explanation.reason},
        "said": explanation,
        "before": before,
        "score": _score(explanation),
    }


def place(graph: Readable, rules: Recommend, user_id: str, sku: str) -> str:
    """Say which place a part has that nothing rules out, or why it has none."""
    parameters = shape(rules, ALL) | {"user_id": user_id, "exclude_days": rules.exclude_days}
    limited = _place(graph, sku, parameters)
    if limited:
        sent = "one of the four that are sent" if limited <= SENT else "only the first four are sent"
        return f"It has place {limited}: {sent}."
    if _place(graph, sku, parameters | {"per_part_type": ALL}):
        return (
            f"{counted(rules.per_part_type, 'part')} of its type stand before it, and no more are sent of one type."
        )
    if parameters["rules"] and _place(graph, sku, parameters | {"rules": [], "per_part_type": ALL}):
        return "A rule of marketing leaves it out."
    return "Another colour or finish of it stands before it, or more than a hundred parts do."


def _place(graph: Readable, sku: str, parameters: dict[str, Any]) -> int | None:
    rows = graph.read("recommend/user", **parameters)
    return next((number for number, row in enumerate(rows, 1) if row["sku"] == sku), None)


def _score(explanation: Explanation) -> list[tuple[str, str]]:
    """Split the score into its parts."""
    score, own = explanation.facts["score"], explanation.facts["own_history"] or 0.0
    if score is None:
        return []
    by = explanation.facts["answered_by"]
    return [
        ("score", f"{score:.3f}"),
        (f"by the {by} vector", f"{score - own:.3f}"),
        ("by own history", f"{own:+.3f}"),
    ]
