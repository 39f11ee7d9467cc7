"""`/health`: is the graph there, which release answers, and how old are both."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from holley_graph.errors import HolleyGraphError
from holley_graph.times import iso
from holley_graph.web.door import GRACE_S, Door

SUMMARY = "is the graph there, which release answers, and how old it is"
FRESH_S = 1.0
"""Seconds for which an answer holds: whoever asks more often costs the database nothing."""


class Health(BaseModel):
    """What `/health` says; ages are in seconds."""

    status: Literal["ok", "empty", "down"]
    """`empty`: no sync has finished yet. `down`: the database does not answer."""
    error: str = ""
    release: str | None = None
    live_since: str | None = None
    release_age_s: int | None = None
    sync: str | None = None
    synced_at: str | None = None
    sync_age_s: int | None = None
    as_of: str | None = None
    data_age_s: int | None = None


class Watch:
    """Asks the database how it is, at most once in `FRESH_S`."""

    def __init__(self, door: Door) -> None:
        self._door, self._lock = door, asyncio.Lock()
        self._asked, self._health = float("-inf"), Health(status="down")

    async def look(self) -> Health:
        """Return what the database said last, or ask."""
        async with self._lock:
            if time.monotonic() - self._asked > FRESH_S:
                self._health = await self._ask()
                self._asked = time.monotonic()
            return self._health

    async def _ask(self) -> Health:
        reader = self._door.reader
        try:
            async with asyncio.timeout(reader.timeout_s + GRACE_S):
                (row,) = await reader.read("server/health")
        except HolleyGraphError as error:
            return Health(status="down", error=str(error))
        except TimeoutError:
            return Health(status="down", error=f"Neo4j did not answer within {reader.timeout_s:g} s")
        return Health(
            status="empty" if row["finished_at"] is None else "ok",
            release=row["release"],
            live_since=_spelled(row["live_since"]),
            release_age_s=_age(row["live_since"]),
            sync=row["sync"],
            synced_at=_spelled(row["finished_at"]),
            sync_age_s=_age(row["finished_at"]),
            as_of=_spelled(row["as_of"]),
            data_age_s=_age(row["as_of"]),
        )


def router(watch: Watch) -> APIRouter:
    """Return the route; it needs no token, for it is asked by what restarts a service, and names nobody."""
    routes = APIRouter()

    refused: dict[int | str, dict[str, Any]] = {503: {"model": Health, "description": "The door cannot answer"}}

    @routes.get("/health", summary=SUMMARY, response_model=Health, responses=refused)
    async def health() -> JSONResponse:
        state = await watch.look()
        return JSONResponse(state.model_dump(), 200 if state.status == "ok" else 503)

    return routes


def _spelled(at: int | None) -> str | None:
    return None if at is None else iso(at)


def _age(at: int | None) -> int | None:
    return None if at is None else max(0, int(time.time()) - at)
