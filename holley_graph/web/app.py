"""One GET route for each statement of `cypher/recommend/`, made from its header."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from holley_graph.errors import GraphStateError, HolleyGraphError, ServerError
from holley_graph.graph import queries
from holley_graph.graph.client import Row
from holley_graph.graph.reader import Reader
from holley_graph.recommend.release import ABOUT, OneRelease
from holley_graph.settings import Settings
from holley_graph.web.parameters import model

ROOM = "recommend/"
ATTEMPTS, PAUSE_S = 20, 0.1
"""How long an answer waits for a release to go live; then the caller may try again."""

bearer = HTTPBearer(auto_error=False, description="the token of the server's token file")


def build(reader: Reader, settings: Settings, token: str) -> FastAPI:
    """Return the application.

    Args:
        reader: connections that only read.
        settings: limits, and defaults of parameters.
        token: what every caller has to show.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await reader.close()

    # the pages that show OpenAPI would load scripts from elsewhere; the document itself is at /openapi.json
    app = FastAPI(title="holley-graph", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_exception_handler(HolleyGraphError, _refusal)

    async def admitted(shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        if shown is None or not secrets.compare_digest(shown.credentials.encode(), token.encode()):
            raise HTTPException(401, "show the token: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})

    for name in queries.names():
        if name.startswith(ROOM):
            query = queries.load(name)
            app.get(
                f"/{name}",
                summary=" ".join(query.purpose.split()),
                description=f"Rows of {', '.join(column for column in query.returns if column not in ABOUT)}.",
                operation_id=name.removeprefix(ROOM),
                dependencies=[Depends(admitted)],
            )(_route(reader, query, model(query, settings)))
    return app


def _route(reader: Reader, query: queries.Query, parameters: type[BaseModel]) -> Callable[..., Any]:
    async def answer(said: Annotated[Any, Query()]) -> JSONResponse:
        return JSONResponse({"rows": await _rows(reader, query, said.model_dump())})

    answer.__annotations__["said"] = Annotated[parameters, Query()]
    return answer


async def _rows(reader: Reader, query: queries.Query, params: dict[str, Any]) -> list[Row]:
    """Run a statement until its rows are surely of one release, and no longer than a caller waits."""
    if not set(ABOUT) & set(query.returns):
        return await reader.read(query.name, **params)
    judge = OneRelease()
    for _ in range(ATTEMPTS):
        rows = await reader.read(query.name, **params)
        settled = judge.settled(rows)
        if settled is not None:
            return settled
        if rows:
            await asyncio.sleep(PAUSE_S)
    raise GraphStateError("a release is going live", "ask again in a moment")


async def _refusal(_: Request, error: Exception) -> JSONResponse:
    """What the database could not do is said as the command line says it; a caller may try again later."""
    hint = error.hint if isinstance(error, HolleyGraphError) else ""
    status = 503 if isinstance(error, ServerError | GraphStateError) else 500
    return JSONResponse({"error": str(error), "hint": hint}, status)
