"""Routes of the page for people: behind the cookie or the token, and every trouble is a page, too."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from holley_graph.errors import HolleyGraphError, NotFound
from holley_graph.page.page import render
from holley_graph.web.admission import RETRY_AFTER_S
from holley_graph.web.entrance import known
from holley_graph.web.refusals import status_of
from holley_graph.web.response import html

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def router(token: str) -> APIRouter:
    """Return a router whose routes need the cookie or the token, and are not in the OpenAPI document."""

    class ForPeople(APIRoute):
        def get_route_handler(self) -> Handler:
            inner = super().get_route_handler()

            async def handler(request: Request) -> Response:
                if not known(request, token):
                    return html(render("web/templates/enter.html", wrong=False, to=_here(request)), 401)
                try:
                    return await inner(request)
                except HolleyGraphError as error:
                    return trouble(error)
                except (RequestValidationError, HTTPException) as error:
                    return said(422, "That cannot be asked", _first(error))

            return handler

    return APIRouter(route_class=ForPeople, include_in_schema=False)


def trouble(error: HolleyGraphError) -> Response:
    """Show what went wrong as the command line says it."""
    status = 404 if isinstance(error, NotFound) else status_of(error)
    response = said(status, str(error), error.hint)
    if status >= 500:
        response.headers["Retry-After"] = RETRY_AFTER_S
    return response


def said(status: int, what: str, hint: str) -> Response:
    """Show one sentence and what to do."""
    return html(render("web/templates/trouble.html", what=what, hint=hint), status)


def _here(request: Request) -> str:
    """Return where a caller wanted to go, without a host, to go there once the token was shown."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{request.url.path}{query}" if request.method == "GET" else "/"


def _first(error: RequestValidationError | HTTPException) -> str:
    if isinstance(error, HTTPException):
        return str(error.detail)
    one = error.errors()[0]
    return f"{one['loc'][-1]}: {one['msg']}"
