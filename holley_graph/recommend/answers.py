"""Recommendations by the statements of `cypher/recommend/`, and a reason whenever there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from holley_graph import spelling
from holley_graph.errors import NotFound
from holley_graph.find import nearest
from holley_graph.graph.client import Readable, Row
from holley_graph.rules import text
from holley_graph.settings import Recommend

_YEAR_MAKE_MODEL = re.compile(r"\s*(\d+)[\s|]+(.+?)\s*")

_FEW = (
    "the index has no more eligible neighbours; purchases, colour variants and the limit per part type leave these"
)


@dataclass(frozen=True)
class Answer:
    """Ranked parts, and one line on what limits the answer when something does.

    Attributes:
        vehicle_id: what the parts fit; none in a graph without vehicles.
        rows: sku, title, part_type, price, image_url, score, answered_by, vehicle_id; best first.
        note: why the answer is empty or short, else "".
    """

    vehicle_id: str | None
    rows: list[Row]
    note: str


def for_user(graph: Readable, user_id: str, k: int, rules: Recommend) -> Answer:
    """Recommend parts to a user.

    Raises:
        NotFound: no such user, or the graph knows vehicles but not this user's.
    """
    limits = shape(rules, k) | {"exclude_days": rules.exclude_days}
    rows = graph.read("recommend/user", user_id=user_id, **limits)
    return whole(rows, k) or short_for_user(graph, user_id, rows, k, rules)


def short_for_user(graph: Readable, user_id: str, rows: list[Row], k: int, rules: Recommend) -> Answer:
    """Say why a user gets fewer than `k` rows, and answer without a vehicle where the graph has none.

    Raises:
        NotFound: as `for_user`.
    """
    known = known_of(graph, user_id=user_id)
    if known["user"] is None:
        raise nearest.no_user(graph, user_id)
    if known["vehicle"] is None:
        if known["has_vehicles"]:
            raise nearest.no_vehicle_of(user_id)
        limits = shape(rules, k) | {"exclude_days": rules.exclude_days}
        return _without_vehicle(graph, user_id, rules, limits)
    return Answer(known["vehicle"], rows, _note(known["vehicle"], known["candidates"], rows))


def _without_vehicle(graph: Readable, user_id: str, rules: Recommend, limits: dict[str, Any]) -> Answer:
    """Answer by the user's vector, or by what most people bought if the live release has none."""
    candidates = rules.index_candidates + limits["k"]
    rows = graph.read("recommend/without_vehicle", user_id=user_id, candidates=candidates, **limits)
    if rows:
        return Answer(None, rows, "" if len(rows) >= limits["k"] else _FEW)
    popular = graph.read("recommend/popular", user_id=user_id, **limits)
    return Answer(None, popular, f"no live release knows user {user_id!r}: this is what most people bought")


def for_vehicle(graph: Readable, vehicle: str, k: int, rules: Recommend) -> Answer:
    """Recommend parts for a vehicle, as `1969 CHEVROLET CAMARO` or `1969|CHEVROLET|CAMARO`.

    Raises:
        NotFound: no such vehicle.
    """
    vehicle_id = resolve_vehicle(graph, vehicle)
    rows = graph.read("recommend/vehicle", vehicle_id=vehicle_id, **shape(rules, k))
    return whole(rows, k) or short_for_vehicle(graph, vehicle_id, rows)


def short_for_vehicle(graph: Readable, vehicle_id: str, rows: list[Row]) -> Answer:
    """Say why a vehicle gets fewer rows than were asked for.

    Raises:
        NotFound: no such vehicle.
    """
    known = known_of(graph, vehicle_id=vehicle_id)
    if known["vehicle"] is None:
        raise nearest.no_vehicle(graph, vehicle_id)
    return Answer(vehicle_id, rows, _note(vehicle_id, known["candidates"], rows))


def whole(rows: list[Row], k: int) -> Answer | None:
    """Return the answer where as many rows came as were asked for: there is nothing to add."""
    return Answer(rows[0]["vehicle_id"], rows, "") if len(rows) >= k else None


def with_reasons(graph: Readable, answer: Answer, user_id: str | None, rules: Recommend) -> Answer:
    """Give each row its `reason`, as an email says it; none in a graph without vehicles."""
    if answer.vehicle_id is None or not answer.rows:
        return replace(answer, rows=[{**row, "reason": None} for row in answer.rows])
    sentences = reasons(graph, answer.vehicle_id, [row["sku"] for row in answer.rows], user_id, rules)
    return replace(answer, rows=[{**row, "reason": sentences[row["sku"]]} for row in answer.rows])


def reasons(
    graph: Readable, vehicle_id: str, skus: list[str], user_id: str | None, rules: Recommend
) -> dict[str, str | None]:
    """Say why each part, in the order of an email: nothing twice."""
    values = {"user_id": user_id, "vehicle_id": vehicle_id, "skus": skus, "min_people": rules.min_people}
    return {row["sku"]: row["reason"] for row in graph.read("recommend/reasons", **values)}


def similar(graph: Readable, sku: str, k: int, rules: Recommend) -> list[Row]:
    """Find what could take the place of a part.

    Raises:
        NotFound: no such SKU, or nothing could take its place.
    """
    known = known_of(graph, sku=spelling.upper(sku))
    if known["sku"] is None:
        raise nearest.no_sku(graph, sku)
    limits = {"k": k, "candidates": rules.index_candidates + k, "rules": marketing(rules, k)}
    rows = graph.read("recommend/similar", sku=known["sku"], **limits)
    if not rows:
        raise NotFound(_no_substitute(known), f"holley-graph next --sku {known['sku']}")
    return rows


def _no_substitute(known: Row) -> str:
    if known["part_type"] == "UNKNOWN":
        return (
            f"{known['sku']} has no known part type, and nobody viewed it with another part: nothing is like it yet"
        )
    what = f"no other eligible part of type {known['part_type']}"
    return f"{what} fits a vehicle that {known['sku']} fits" if known["fits"] else f"{what} is known"


def shape(rules: Recommend, k: int) -> dict[str, Any]:
    """Return the parameters that every answer has: its length, its limits, and marketing's rules."""
    return {"k": k, "per_part_type": rules.per_part_type, "rules": marketing(rules, k)}


def marketing(rules: Recommend, k: int) -> list[dict[str, Any]]:
    """Return marketing's rules of today as statements take them."""
    return text.parameters(rules.rules_file, k, datetime.now(UTC).date())


def resolve_vehicle(graph: Readable, spoken: str) -> str:
    """Turn what a person types into a vehicle id.

    Raises:
        NotFound: not a year, make and model, or none that the graph knows.
    """
    match = _YEAR_MAKE_MODEL.fullmatch(spelling.normal(spoken))
    if match:
        spelled = " ".join(spelling.upper(match[2]).replace("|", " ").split())
        rows = graph.read("recommend/vehicle_by_name", year=int(match[1]), name=spelled)
        if rows:
            return str(rows[0]["vehicle_id"])
    raise nearest.no_vehicle(graph, spoken)


def known_of(graph: Readable, **keys: Any) -> Row:
    """Return what the graph knows of a user, a vehicle or a SKU before an answer is given."""
    return graph.read("recommend/known", **{"user_id": None, "vehicle_id": None, "sku": None, **keys})[0]


def _note(vehicle: str, candidates: int, rows: list[Row]) -> str:
    if not candidates:
        return f"no eligible part fits {vehicle}"
    return (
        f"{candidates} eligible parts fit {vehicle}; purchases, colour variants and the limit per part type "
        f"leave {len(rows)}"
    )
