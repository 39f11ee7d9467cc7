"""The token that callers show: a file for its owner only, made at the first start."""

from __future__ import annotations

import secrets
from pathlib import Path

from holley_graph.errors import AuthFailed
from holley_graph.settings import Settings

LEAST_CHARACTERS = 16


def token_file(settings: Settings) -> Path:
    """Return where the token is kept."""
    return settings.serve.token_file or settings.home / "serve.token"


def token(settings: Settings) -> str:
    """Return the token; the one in the home is made when it is not there yet.

    Raises:
        AuthFailed: the file cannot be read, or what it holds is short enough to guess.
    """
    path = token_file(settings)
    if settings.serve.token_file is None and not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        path.write_text(f"{secrets.token_urlsafe(32)}\n", encoding="utf-8")
    try:
        held = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise AuthFailed(f"token file {path}: {error.strerror}", "put it back, or set serve.token_file") from error
    if len(held) < LEAST_CHARACTERS:
        raise AuthFailed(f"the token in {path} has {len(held)} characters, at least {LEAST_CHARACTERS} are needed")
    return held
