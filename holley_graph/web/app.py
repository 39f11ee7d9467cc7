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

    answers = Answers(reader, settings.serve.max_rows)
    for name in queries.names():
        if name.startswith(ROOM):
            query = queries.load(name)
            app.get(
                f"/{name}",
                summary=" ".join(query.purpose.split()),
                description=f"Rows of {', '.join(column for column in query.returns if column != 'mixed')}.",
                operation_id=name.removeprefix(ROOM),
                dependencies=[Depends(admitted)],
            )(_route(answers, query, model(query, settings)))
    return app


class Answers:
    """Rows of one release each.

    As `recommend.answers` has it, rows count when the same release was live before and after and none was going
    live. What was seen after one answer is what was seen before the next; answers that wait at once share a look.
    """

    def __init__(self, reader: Reader, max_rows: int) -> None:
        self._reader, self._max_rows = reader, max_rows
        self._seen: list[Row] | None = None
        self._one_look = asyncio.Lock()
        self._next_look: asyncio.Task[list[Row]] | None = None

    async def rows(self, query: queries.Query, params: dict[str, Any]) -> list[Row]:
        """Run a statement until its rows are surely of one release.

        Raises:
            GraphStateError: a release is going live all the while.
        """
        if "mixed" not in query.returns:
            return (await self._reader.read(query.name, **params))[: self._max_rows]
        earlier: list[Row] | None = None
        for _ in range(ATTEMPTS):
            before = self._seen
            rows = await self._reader.read(query.name, **params)
            after = await self._look()
            quiet = before == after and not any(state["flipping"] for state in after)
            mixed = any(row["mixed"] for row in rows)
            if not mixed and (quiet or rows == earlier):
                return [{k: v for k, v in row.items() if k != "mixed"} for row in rows[: self._max_rows]]
            earlier = None if mixed else rows
            if before is not None:
                await asyncio.sleep(PAUSE_S)
        raise GraphStateError("a release is going live", "ask again in a moment")

    async def _look(self) -> list[Row]:
        """Say what is live at some moment after the call."""
        if self._next_look is None:
            self._next_look = asyncio.create_task(self._look_after_the_running_one())
        return await asyncio.shield(self._next_look)

    async def _look_after_the_running_one(self) -> list[Row]:
        async with self._one_look:
            self._next_look = None  # who comes from here on is too late for this one
            self._seen = await self._reader.read("recommend/release")
            return self._seen


def _route(answers: Answers, query: queries.Query, parameters: type[BaseModel]) -> Callable[..., Any]:
    async def answer(said: Annotated[Any, Query()]) -> JSONResponse:
        return JSONResponse({"rows": await answers.rows(query, said.model_dump())})

    answer.__annotations__["said"] = Annotated[parameters, Query()]
    return answer


async def _refusal(_: Request, error: Exception) -> JSONResponse:
    """What the database could not do is said as the command line says it; a caller may try again later."""
    hint = error.hint if isinstance(error, HolleyGraphError) else ""
    status = 503 if isinstance(error, ServerError | GraphStateError) else 500
    return JSONResponse({"error": str(error), "hint": hint}, status)
