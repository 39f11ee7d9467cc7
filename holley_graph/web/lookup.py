"""Look-ups for people: one box for persons, vehicles and parts, and the cards of each."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from holley_graph.errors import GraphStateError, NotFound, SettingsError
from holley_graph.find import find, nearest
from holley_graph.graph.client import Readable, Row
from holley_graph.loaders import identity
from holley_graph.page.page import render
from holley_graph.recommend import answers, strategies
from holley_graph.recommend.answers import Answer
from holley_graph.settings import Settings
from holley_graph.web import pages
from holley_graph.web.door import Door
from holley_graph.web.enter import form
from holley_graph.web.health import Watch
from holley_graph.web.parameters import LONGEST
from holley_graph.web.response import html
from holley_graph.web.statements import user_answer, vehicle_answer
from holley_graph.web.why import why

MOST = 12
"""Rows of each kind that a search lists, and the largest number of cards."""
Text = Annotated[str, Query(min_length=1, max_length=LONGEST)]
Count = Annotated[int, Query(ge=1, le=MOST)]
Way = Literal["vectors", "intent", "owners", "discovery"]
STRATEGIES = {
    "vectors": "what this person will want (the ranking that is sent)",
    "intent": "where this person's interest leads",
    "owners": "what owners like this one bought",
    "discovery": "what owners of vehicles like this one buy",
}


def router(door: Door, watch: Watch) -> APIRouter:
    """Return the routes."""
    routes = pages.router(door.token)

    @routes.get("/")
    async def home() -> Response:
        return html(render("web/templates/home.html", health=await watch.look()))

    @routes.post("/find")
    async def ask(request: Request) -> Response:
        text = (await form(request)).get("text", "").strip()[:LONGEST]
        if "@" not in text:  # an address is in no link: it would stay in the history of the browser
            return RedirectResponse(f"/find?{urlencode({'text': text})}" if text else "/", 303)
        try:
            spelled = identity.spelled_email(text)
        except SettingsError as error:
            return pages.said(422, str(error), error.hint)
        async with door.turn():
            rows = await asyncio.to_thread(_by_email, door.graph, door.settings, spelled)
        return _found("this email", {"people": rows})

    @routes.get("/find")
    async def found(text: Text) -> Response:
        async with door.turn():
            return _found(text, await asyncio.to_thread(_search, door.graph, text))

    @routes.get("/person")
    async def person(user_id: Text, k: Count = 4, by: Way = "vectors", before: bool = False) -> Response:
        parameters = {"user_id": user_id, "k": k}
        async with door.turn():
            answer = await _for_person(door, user_id, k, by)
            earlier = (
                await _earlier(door, "recommend/user", _asked(door, parameters, exclude=True)) if before else None
            )
        return html(
            render(
                "web/templates/person.html", answer=answer, user_id=user_id, k=k, by=by, strategies=STRATEGIES,
                most=MOST, before=before, earlier=earlier, health=await watch.look(),
            )
        )  # fmt: skip

    @routes.get("/vehicle")
    async def vehicle(vehicle_id: Text, k: Count = 4, before: bool = False) -> Response:
        parameters = {"vehicle_id": vehicle_id, "k": k}
        async with door.turn():
            answer = await vehicle_answer(door, _asked(door, parameters), reasons=True)
            owners = await door.reader.read("find/people_by_vehicle", vehicle_id=vehicle_id, k=5)
            earlier = await _earlier(door, "recommend/vehicle", _asked(door, parameters)) if before else None
        return html(
            render(
                "web/templates/vehicle.html", answer=answer, vehicle_id=vehicle_id, k=k, most=MOST, owners=owners,
                before=before, earlier=earlier, health=await watch.look(),
            )
        )  # fmt: skip

    @routes.get("/part")
    async def part(sku: Text, k: Count = 4) -> Response:
        async with door.turn():
            shown = await asyncio.to_thread(_part, door, door.graph, sku, k)
        return html(render("web/templates/part.html", **shown, k=k))

    @routes.get("/why")
    async def reason(user_id: Text, sku: Text) -> Response:
        async with door.turn():
            shown = await asyncio.to_thread(why, door.graph, door.settings.recommend, user_id, sku)
        return html(render("web/templates/why.html", user_id=user_id, **shown))

    return routes


async def _for_person(door: Door, user_id: str, k: int, by: str) -> Answer:
    if by != "vectors":
        return await asyncio.to_thread(strategies.for_user, door.graph, by, user_id, k, door.settings.recommend)
    parameters = {"user_id": user_id, "k": k}
    return await user_answer(door, _asked(door, parameters, exclude=True), reasons=True)


def _asked(door: Door, parameters: dict[str, Any], exclude: bool = False) -> dict[str, Any]:
    limits = door.settings.recommend
    days = {"exclude_days": limits.exclude_days} if exclude else {}
    return parameters | days | {"per_part_type": limits.per_part_type, "rules": door.rules(parameters["k"])}


async def _earlier(door: Door, statement: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Answer by the release that is kept beside the live one."""
    releases = await door.reader.read("writeback/releases")
    run = next((row["run_id"] for row in releases if row["state"] == "previous"), None)
    rows = await door.reader.read(statement, **parameters, release=run) if run else []
    return {"run_id": run, "rows": rows, "place": {row["sku"]: place for place, row in enumerate(rows, 1)}}


def _by_email(graph: Readable, settings: Settings, spelled: str) -> list[Row]:
    return find.people_by_email(graph, identity.hashed_email(settings, spelled), MOST)


def _search(graph: Readable, text: str) -> dict[str, list[Row]]:
    """Look for a person by id, and for vehicles and parts by words."""
    people = graph.read("find/near_users", beginning=text, k=MOST)
    return {"people": people, "vehicles": find.vehicles(graph, text, MOST), "parts": find.parts(graph, text, MOST)}


def _found(text: str, rows: dict[str, list[Row]]) -> Response:
    """List what was found, or go there where it is one."""
    links = [
        *(f"/person?{urlencode({'user_id': row['user_id']})}" for row in rows.get("people", [])),
        *(f"/vehicle?{urlencode({'vehicle_id': row['vehicle_id']})}" for row in rows.get("vehicles", [])),
        *(f"/part?{urlencode({'sku': row['sku']})}" for row in rows.get("parts", [])),
    ]
    if len(links) == 1:
        return RedirectResponse(links[0], 303)
    if not links:
        raise NotFound(f"nothing is called {text!r}", "a person's id or email, a vehicle, or a part")
    return html(render("web/templates/found.html", text=text, found=rows, most=MOST))


def _part(door: Door, graph: Readable, sku: str, k: int) -> dict[str, Any]:
    """Show a part, what is like it, and what is bought after it."""
    rows = graph.read("find/cards", skus=[sku])
    if not rows:
        raise nearest.no_sku(graph, sku)
    shown: dict[str, Any] = {"part": rows[0]}
    for name, ask in (("similar", answers.similar), ("next", strategies.bought_next)):
        shown[name], shown[f"no_{name}"] = _or_why_not(graph, ask, sku, k, door)
    return shown


def _or_why_not(graph: Readable, ask: Any, sku: str, k: int, door: Door) -> tuple[list[Row], str]:
    try:
        rows = ask(graph, sku, k, door.settings.recommend)
    except (NotFound, GraphStateError) as error:
        return [], str(error)
    cards = {row["sku"]: row for row in graph.read("find/cards", skus=[row["sku"] for row in rows])}
    return [cards[row["sku"]] | row for row in rows], ""
