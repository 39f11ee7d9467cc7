"""What callers may say, as a model made from a statement's header: types, bounds and defaults."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from holley_graph.graph.queries import Query
from holley_graph.settings import Settings

LONGEST = 200
"""Characters of an id."""
RULES, REASONS = "rules", "reasons"
NOTED = {"recommend/user", "recommend/vehicle"}
"""Statements whose answers say more than their rows: a note, and reasons where they are asked for."""
LARGEST = 1_000
"""Neighbours, days beyond a year and the like: what no sensible question exceeds."""


TYPES: dict[str, Any] = {
    "integer": int,
    "string": str,
    "strings": list[Annotated[str, Field(min_length=1, max_length=LONGEST)]],
}
"""Word of a header to its type."""


class _Parameters(BaseModel):
    """A parameter that the statement does not have is refused, not overlooked."""

    model_config = ConfigDict(extra="forbid")


def model(query: Query, settings: Settings) -> type[BaseModel]:
    """Return the model of a statement's parameters; those that settings or practice know have a default.

    Marketing's rules are no caller's business: the server adds them.
    """
    known: dict[str, Any] = {
        "k": Field(min(4, settings.serve.max_rows), ge=1, le=settings.serve.max_rows),
        "per_part_type": Field(settings.recommend.per_part_type, ge=1, le=settings.serve.max_rows),
        "exclude_days": Field(settings.recommend.exclude_days, ge=0, le=36_500),
        "candidates": Field(settings.recommend.index_candidates, ge=1, le=LARGEST),
        "seeds": Field(20, ge=1, le=LARGEST),
        "min_people": Field(settings.recommend.min_people, ge=2, le=LARGEST),
    }
    fields: dict[str, Any] = {}
    for name, declared in query.params.items():
        if name == RULES:
            continue
        kind, _, meaning = declared.partition(" ")
        if kind == "integer":
            field = known.get(name, Field(ge=0, le=9_999))
        elif kind == "strings":
            field = Field(min_length=1, max_length=settings.serve.max_rows)
        else:
            field = Field(min_length=1, max_length=LONGEST)
        field.description = meaning.strip()
        fields[name] = (TYPES[kind], field)
        if "or null" in meaning:
            fields[name] = (str | None, Field(None, max_length=LONGEST))
    if query.name in NOTED:
        description = "whether each row has the sentence that an email says; that takes as long again"
        fields[REASONS] = (bool, Field(False, description=description))
    return create_model(query.name.replace("/", "_"), __base__=_Parameters, **fields)
