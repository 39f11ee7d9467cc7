"""What answers hold, as models for the OpenAPI document: a column's name says its type."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, create_model

from holley_graph.graph.queries import Query
from holley_graph.web.parameters import NOTED


class Bought(BaseModel):
    """A purchase, and when it was."""

    sku: str
    last_at: str


class LedHere(BaseModel):
    """A part of this person's history after which others bought the part."""

    sku: str
    how: str
    buyers: int
    weight: float


class SeenTogether(BaseModel):
    """A part of this person's history that others looked at in the same visit."""

    sku: str
    how: str
    sessions: int
    weight: float


class SameType(BaseModel):
    """A part of the same type that this person chose."""

    sku: str
    how: str
    last_at: str


COLUMNS: dict[str, Any] = {
    "answered_by": str,
    "bought": list[Bought],
    "buyers": int,
    "buyers_back": int,
    "candidates": int,
    "eligible": bool,
    "end": str,
    "end_label": str,
    "end_name": str,
    "fits": bool,
    "has_vehicles": bool,
    "image_url": str | None,
    "kind": str,
    "led_here": list[LedHere],
    "lift": float | None,
    "model_bought": int,
    "own_history": float,
    "owners_bought": int,
    "part_type": str,
    "popularity": float | None,
    "price": float | None,
    "reason": str | None,
    "refurbished": bool,
    "release": str | None,
    "rule": str | None,
    "same_type": list[SameType],
    "says": str,
    "score": float | None,
    "seen_together": list[SeenTogether],
    "sessions": int,
    "shared_vehicles": int,
    "sku": str,
    "start": str,
    "start_label": str,
    "start_name": str,
    "title": str | None,
    "type": str,
    "user": str | None,
    "user_id": str,
    "vehicle": str | None,
    "vehicle_id": str | None,
}
"""Column of a `recommend/` statement to its type."""
MAYBE = {"recommend/known": {"sku": str | None, "part_type": str | None}}
"""Statement to columns that may be null in its rows only."""


def answer_of(query: Query) -> type[BaseModel]:
    """Return the model of a statement's answer; some have a note beside the rows."""
    name = query.name.partition("/")[2]
    types = COLUMNS | MAYBE.get(query.name, {})
    columns: dict[str, Any] = {column: (types[column], ...) for column in query.returns}
    if query.name in NOTED:
        columns |= {"reason": (str | None, None)}
    row: Any = create_model(f"{name}_row", **columns)
    fields: dict[str, Any] = {"rows": (list[row], ...)}
    if query.name in NOTED:
        fields |= {"vehicle_id": (str | None, ...), "note": (str, ...)}
    return create_model(f"{name}_answer", **fields)
