"""Other ways to parts that fit: where somebody's interest leads, and what people and vehicles like theirs chose.

They complement the ranking of `answers`: fewer parts, each with a reason in words. All keep its rules: what fits,
nothing bought lately, one of a family, few of a type.
"""

from __future__ import annotations

from holley_graph import spelling
from holley_graph.errors import GraphStateError, NotFound
from holley_graph.find import nearest
from holley_graph.graph.client import Readable, Row
from holley_graph.recommend.answers import Answer, known_of, shape
from holley_graph.settings import Recommend

STRATEGIES = {
    "intent": {"seeds": 20},
    "owners": {"candidates": 50},
    "discovery": {"candidates": 20},
}
"""Statement of `cypher/recommend/` to how far it looks: parts of the history, neighbours of the vector index."""

_NOTHING = {
    "intent": "no part that fits follows from what user {user} did",
    "owners": "no owner like user {user} bought anything that fits",
    "discovery": "owners of vehicles like the {vehicle} bought nothing that fits it",
}


def for_user(graph: Readable, strategy: str, user_id: str, k: int, rules: Recommend) -> Answer:
    """Recommend parts to a user in one of the `STRATEGIES`; each row has a `reason`, too.

    Raises:
        NotFound: no such user, or none whose vehicle we know.
        GraphStateError: the vector index that it needs is not there yet.
    """
    known = known_of(graph, user_id=user_id)
    if known["user"] is None:
        raise nearest.no_user(graph, user_id)
    if known["vehicle"] is None:
        raise nearest.no_vehicle_of(user_id)
    if strategy != "intent" and known["release"] is None:  # intent can do with what was bought and seen together
        raise GraphStateError("there are no embeddings yet", "holley-graph train, then holley-graph writeback RUN")
    limits = shape(rules, k) | {"exclude_days": rules.exclude_days}
    read = graph.read(f"recommend/{strategy}", user_id=user_id, **limits, **STRATEGIES[strategy])
    rows = [{**row, "rule": None} for row in read]  # marketing's rules place nothing here; they only exclude
    nothing = _NOTHING[strategy].format(user=user_id, vehicle=known["vehicle"].replace("|", " "))
    few = f"{len(rows)} of {k}: no more parts that fit were reached"
    return Answer(known["vehicle"], rows, "" if len(rows) >= k else few if rows else nothing)


def bought_next(graph: Readable, sku: str, k: int, rules: Recommend) -> list[Row]:
    """List what is bought next after a part, in that direction.

    Raises:
        NotFound: no such SKU, or nothing follows it.
        GraphStateError: there are no embeddings yet, so no index to ask.
    """
    known = known_of(graph, sku=spelling.upper(sku))
    if known["sku"] is None:
        raise nearest.no_sku(graph, sku)
    if known["release"] is None:
        raise GraphStateError("there are no embeddings yet", "holley-graph train, then holley-graph writeback RUN")
    limits = shape(rules, k) | {"candidates": rules.index_candidates + k}
    rows = graph.read("recommend/next", sku=known["sku"], **limits)
    if not rows:
        raise NotFound(f"nothing that may be recommended follows {known['sku']}", "holley-graph similar SKU")
    return rows
