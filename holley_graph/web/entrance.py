"""Who is let in: programs show the token in each request, people show it once and get a cookie."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

COOKIE = "holley_graph"
LASTS_S = 12 * 3600
"""Seconds after which a browser forgets the cookie: a working day."""

bearer = HTTPBearer(auto_error=False, description="the token of the server's token file")


def shown(token: str) -> Callable[..., Awaitable[None]]:
    """Return the dependency that refuses whoever does not show the token."""

    async def admitted(shown: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        if shown is None or not same(shown.credentials, token):
            raise HTTPException(401, "show the token: Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})

    return admitted


def same(shown: str, wanted: str) -> bool:
    """Compare without telling by the time how much is right."""
    return secrets.compare_digest(shown.encode(), wanted.encode())


def known(request: Request, token: str) -> bool:
    """Say whether a browser has the cookie, or a program shows the token."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and same(credentials.strip(), token):
        return True
    return same(request.cookies.get(COOKIE, ""), ticket(token))


def ticket(token: str) -> str:
    """Return what the cookie holds: it opens the page as long as the token is the same, and is not the token."""
    return hmac.new(token.encode(), b"page", hashlib.sha256).hexdigest()


def admit(response: Response, request: Request, token: str) -> None:
    """Give a browser the cookie: no script reads it, and no other site's form sends it."""
    response.set_cookie(
        COOKIE,
        ticket(token),
        max_age=LASTS_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
