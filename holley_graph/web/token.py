"""The token that callers show: a file for its owner only, made at the first start."""

from __future__ import annotations

import secrets
from pathlib import Path

from holley_graph import files
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
    if settings.serve.token_file is None:
        files.create(path, f"{secrets.token_urlsafe(32)}\n".encode())
    try:
        held = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise AuthFailed(f"token file {path}: {error.strerror}", "put it back, or set serve.token_file") from error
    if len(held) < LEAST_CHARACTERS:
        raise AuthFailed(
            f"the token in {path} has {len(held)} characters, at least {LEAST_CHARACTERS} are needed",
            "write a longer one",
        )
    return held
