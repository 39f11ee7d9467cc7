"""One GET route for each statement of `cypher/recommend/`, made from its header."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from holley_graph.errors import NotFound
from holley_graph.graph import queries
from holley_graph.graph.client import Row
from holley_graph.recommend import answers
from holley_graph.recommend.answers import Answer
from holley_graph.settings import Recommend
from holley_graph.web.door import Door
from holley_graph.web.parameters import NOTED, REASONS, RULES, model
from holley_graph.web.refusals import DOCUMENTED
from holley_graph.web.shapes import answer_of

ROOM = "recommend/"


def router(door: Door) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    for name in queries.names():
        if name.startswith(ROOM):
            query = queries.load(name)
            routes.get(
                f"/{name}",
                summary=" ".join(query.purpose.split()),
                description=f"Rows of {', '.join(query.returns)}.",
                operation_id=name.removeprefix(ROOM),
                responses={200: {"model": answer_of(query)}, **DOCUMENTED},
            )(_route(door, query, model(query, door.settings)))
    return routes


def _route(door: Door, query: queries.Query, parameters: type[BaseModel]) -> Callable[..., Any]:
    async def answer(request: Request, said: Annotated[Any, Query()]) -> JSONResponse:
        async with door.turn():
            if await request.is_disconnected():  # the caller left the queue
                return JSONResponse(None)
            asked = said.model_dump()
            reasons = asked.pop(REASONS, False)
            if RULES in query.params:
                asked[RULES] = door.rules(asked["k"])
            rows = await door.reader.read(query.name, **asked)
            if query.name not in NOTED:
                return JSONResponse({"rows": rows})
            noted = await (user_answer if query.name == "recommend/user" else vehicle_answer)(door, asked, rows)
            return JSONResponse(vars(await with_reasons(door, noted, asked.get("user_id")) if reasons else noted))

    answer.__annotations__["said"] = Annotated[parameters, Query()]
    return answer


async def user_answer(door: Door, asked: dict[str, Any], rows: list[Row]) -> Answer:
    """Add to rows of `recommend/user` what the command `recommend` adds: why there are few, and other ways."""
    whole = answers.whole(rows, asked["k"])
    if whole:
        return whole
    rules = _asked_rules(door, asked)
    try:
        return await asyncio.to_thread(
            answers.short_for_user, door.graph, asked["user_id"], rows, asked["k"], rules
        )
    except NotFound as error:
        return Answer(None, [], _said(error))


async def vehicle_answer(door: Door, asked: dict[str, Any], rows: list[Row]) -> Answer:
    """Add to rows of `recommend/vehicle` why there are few."""
    whole = answers.whole(rows, asked["k"])
    if whole:
        return whole
    try:
        return await asyncio.to_thread(answers.short_for_vehicle, door.graph, asked["vehicle_id"], rows)
    except NotFound as error:
        return Answer(None, [], _said(error))


async def with_reasons(door: Door, answer: Answer, user_id: str | None) -> Answer:
    """Give each row its sentence; none in a graph without vehicles."""
    said: dict[str, str] = {}
    if answer.vehicle_id is not None and answer.rows:
        rows = await door.reader.read(
            "recommend/reasons",
            user_id=user_id,
            vehicle_id=answer.vehicle_id,
            skus=[row["sku"] for row in answer.rows],
            min_people=door.settings.recommend.min_people,
        )
        said = {row["sku"]: row["reason"] for row in rows}
    return Answer(answer.vehicle_id, [row | {"reason": said.get(row["sku"])} for row in answer.rows], answer.note)


def _asked_rules(door: Door, asked: dict[str, Any]) -> Recommend:
    """Return the settings of an answer with what the caller wants otherwise."""
    wanted = {name: value for name, value in asked.items() if name in Recommend.model_fields}
    return door.settings.recommend.model_copy(update=wanted)


def _said(error: NotFound) -> str:
    return f"{error}; {error.hint}" if error.hint else str(error)
