"""What callers are told instead of an answer, and how the OpenAPI document describes it."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from holley_graph.errors import GraphStateError, HolleyGraphError, ServerError, ServerHangs, SettingsError
from holley_graph.web.admission import RETRY_AFTER_S


class Refusal(BaseModel):
    """What is wrong, and what to do about it."""

    error: str
    hint: str


class Unauthorised(BaseModel):
    """What somebody without the token is told."""

    detail: str


_RETRY_AFTER = {"Retry-After": {"description": "seconds after which to ask again", "schema": {"type": "integer"}}}
UNKNOWN: dict[int | str, dict[str, Any]] = {
    401: {"model": Unauthorised, "description": "No token was shown, or a wrong one"},
}
DOCUMENTED = UNKNOWN | {
    503: {
        "model": Refusal,
        "description": "Too many callers, the database is down or too slow, or the rules cannot be read",
        "headers": _RETRY_AFTER,
    },
    504: {"model": Refusal, "description": "The database hangs", "headers": _RETRY_AFTER},
}


async def refusal(_: Request, error: Exception) -> JSONResponse:
    """Say what the database could not do as the command line says it; a caller may try again later."""
    hint = error.hint if isinstance(error, HolleyGraphError) else ""
    return JSONResponse({"error": str(error), "hint": hint}, status_of(error), {"Retry-After": RETRY_AFTER_S})


def status_of(error: Exception) -> int:
    """Return the HTTP status that says whose fault it is, and whether to ask again."""
    if isinstance(error, ServerHangs):
        return 504
    return 503 if isinstance(error, ServerError | GraphStateError | SettingsError) else 500
