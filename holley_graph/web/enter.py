"""Where people show the token once."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from holley_graph.page.page import render
from holley_graph.web.entrance import COOKIE, admit, same
from holley_graph.web.response import html

LARGEST = 4_096
"""Bytes of a form."""
ARRIVES_S = 5
"""Seconds in which a form has to arrive."""
OURS = re.compile(r"/(?![/\\])[^\x00-\x20\\]*")
"""A path of this page: no other host, and nothing that a browser reads as one."""


def router(token: str) -> APIRouter:
    """Return the routes; they need nothing."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/enter")
    async def enter(request: Request) -> Response:
        fields = await form(request)
        to = fields.get("to", "/")
        to = to if OURS.fullmatch(to) else "/"
        if not same(fields.get("token", "").strip(), token):
            return html(render("web/templates/enter.html", wrong=True, to=to), 401)
        response = RedirectResponse(to, 303)
        admit(response, request, token)
        return response

    @routes.post("/leave")
    async def leave() -> Response:
        response = RedirectResponse("/", 303)
        response.delete_cookie(COOKIE)
        return response

    return routes


async def form(request: Request) -> dict[str, str]:
    """Read a small form; a large one, or one that drips in, is refused.

    Raises:
        HTTPException: it is too large (413) or too slow (408).
    """
    body = b""
    try:
        async with asyncio.timeout(ARRIVES_S):
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST:
                    raise HTTPException(413, "the form is too large")
    except TimeoutError as error:
        raise HTTPException(408, "the form did not arrive in time") from error
    return {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
