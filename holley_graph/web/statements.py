"""One GET route for each statement of `cypher/recommend/`, made from its header."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from holley_graph.errors import NotFound
from holley_graph.graph import queries
from holley_graph.recommend import answers
from holley_graph.recommend.answers import Answer
from holley_graph.settings import Recommend
from holley_graph.web.door import Door
from holley_graph.web.parameters import REASONS, RULES, model
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
    async def answer(request: Request, query_string: Annotated[Any, Query()]) -> JSONResponse:
        async with door.turn():
            if await request.is_disconnected():  # the caller left the queue
                return JSONResponse(None)
            values = query_string.model_dump()
            reasons = values.pop(REASONS, False)
            if RULES in query.params:
                values[RULES] = door.rules(values["k"])
            if query.name == "recommend/user":
                return JSONResponse(vars(await user_answer(door, values, reasons)))
            if query.name == "recommend/vehicle":
                return JSONResponse(vars(await vehicle_answer(door, values, reasons)))
            return JSONResponse({"rows": await door.reader.read(query.name, **values)})

    answer.__annotations__["query_string"] = Annotated[parameters, Query()]
    return answer


async def user_answer(door: Door, values: dict[str, Any], reasons: bool) -> Answer:
    """Answer `recommend/user` as the command `recommend` does: why there are few parts, and other ways to some.

    Answers and reasons are one question: the page asks it, and a second one costs as much as the first.
    """
    if reasons:
        min_people = door.settings.recommend.min_people
        rows = await door.reader.read("web/user_with_reasons", **values, min_people=min_people)
    else:
        rows = await door.reader.read("recommend/user", **values)
    whole = answers.whole(rows, values["k"])
    if whole:
        return whole
    rules = _asked_rules(door, values)
    try:
        answer = await asyncio.to_thread(
            answers.short_for_user, door.graph, values["user_id"], rows, values["k"], rules
        )
    except NotFound as error:
        return Answer(None, [], _said(error))
    return replace(answer, rows=[{"reason": None} | row for row in answer.rows]) if reasons else answer


async def vehicle_answer(door: Door, values: dict[str, Any], reasons: bool) -> Answer:
    """Answer `recommend/vehicle`, and say why there are few parts."""
    rows = await door.reader.read("recommend/vehicle", **values)
    answer = answers.whole(rows, values["k"])
    try:
        if answer is None:
            answer = await asyncio.to_thread(answers.short_for_vehicle, door.graph, values["vehicle_id"], rows)
    except NotFound as error:
        return Answer(None, [], _said(error))
    if not reasons:
        return answer
    return await asyncio.to_thread(answers.with_reasons, door.graph, answer, None, door.settings.recommend)


def _asked_rules(door: Door, values: dict[str, Any]) -> Recommend:
    """Return the settings of an answer with what the caller wants otherwise."""
    wanted = {name: value for name, value in values.items() if name in Recommend.model_fields}
    return door.settings.recommend.model_copy(update=wanted)


def _said(error: NotFound) -> str:
    return f"{error}; {error.hint}" if error.hint else str(error)
