"""One GET route for each statement of `cypher/recommend/`, made from its header."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

from holley_graph.errors import HolleyGraphError, ServerHangs
from holley_graph.graph import queries
from holley_graph.graph.reader import Reader
from holley_graph.rules import text
from holley_graph.rules.text import Rule
from holley_graph.settings import Settings
from holley_graph.web.admission import Admission
from holley_graph.web.parameters import RULES, model
from holley_graph.web.refusals import DOCUMENTED, refusal

ROOM = "recommend/"

REREAD_S = 5
"""Seconds after which a change of marketing's rules counts at the latest."""
GRACE_S = 0.5
"""What the database has beyond its time limit, to say itself that a statement took too long."""

bearer = HTTPBearer(auto_error=False, description="the token of the server's token file")


def build(reader: Reader, settings: Settings, token: str) -> FastAPI:
    """Return the application.

    Args:
        reader: connections that only read.
        settings: limits, and defaults of parameters.
        token: what every caller has to show.

    Raises:
        SettingsError: marketing's rules are not understood.
    """
    text.read(settings.recommend.rules_file)
    admission = Admission(settings.serve.connections, settings.serve.wait_s)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Admission]]:
        yield {"admission": admission}
        await reader.close()

    # the pages that show OpenAPI would load scripts from elsewhere; the document itself is at /openapi.json
    app = FastAPI(title="holley-graph", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.add_exception_handler(HolleyGraphError, refusal)

    async def admitted(shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        if shown is None or not secrets.compare_digest(shown.credentials.encode(), token.encode()):
            raise HTTPException(401, "show the token: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})

    for name in queries.names():
        if name.startswith(ROOM):
            query = queries.load(name)
            app.get(
                f"/{name}",
                summary=" ".join(query.purpose.split()),
                description=f"Rows of {', '.join(query.returns)}.",
                operation_id=name.removeprefix(ROOM),
                responses=DOCUMENTED,
                dependencies=[Depends(admitted)],
            )(_route(reader, admission, query, model(query, settings), settings.recommend.rules_file))
    return app


def _route(
    reader: Reader, admission: Admission, query: queries.Query, parameters: type[BaseModel], rules_file: Path | None
) -> Callable[..., Any]:
    async def answer(request: Request, said: Annotated[Any, Query()]) -> JSONResponse:
        until = asyncio.get_running_loop().time() + reader.timeout_s + GRACE_S
        async with admission.turn(until), _deadline(reader, until):
            if await request.is_disconnected():  # the caller left the queue
                return JSONResponse(None)
            asked = said.model_dump()
            if RULES in query.params:
                asked[RULES] = [
                    rule.as_parameter(asked["k"]) for rule in _rules(rules_file, int(time.monotonic() / REREAD_S))
                ]
            return JSONResponse({"rows": await reader.read(query.name, **asked)})

    answer.__annotations__["said"] = Annotated[parameters, Query()]
    return answer


@lru_cache(maxsize=1)
def _rules(file: Path | None, _: int) -> tuple[Rule, ...]:
    """Return marketing's rules of today, read once in each period: reading takes longer than an answer."""
    return text.read(file).on(datetime.now(UTC).date())


@asynccontextmanager
async def _deadline(reader: Reader, until: float) -> AsyncIterator[None]:
    """Give up on a database that says nothing: then its own time limit does not hold either."""
    try:
        async with asyncio.timeout_at(until):
            yield
    except TimeoutError as error:
        raise ServerHangs(f"Neo4j did not answer within {reader.timeout_s:g} s", "ask again later") from error
