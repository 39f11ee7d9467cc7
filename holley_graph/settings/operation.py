"""Sections about how the tool is run: the HTTP server, nights, and what is written on standard error."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from holley_graph.settings.sections import Section


class Serve(Section):
    """The read-only HTTP server for tools that should not know the database password."""

    host: str = "127.0.0.1"
    """Address that the server listens on. An address that is not on loopback needs `allow_plaintext`."""
    port: int = 7480
    """Port that the server listens on."""
    token_file: Path | None = None
    """File with the token that callers show; none: a file in the home, made at the first start."""
    allow_plaintext: bool = False
    """Allow an address that is not on loopback, behind a proxy that encrypts."""
    timeout_s: float = Field(5.0, gt=0)
    """Seconds that a question may take. Then the database ends the statement and the caller gets an error."""
    wait_s: float = Field(1.5, ge=0)
    """Seconds that a caller may wait for a turn. A caller who would wait longer is refused at once (503)."""
    max_rows: int = Field(100, gt=0)
    """Most rows of an answer, and the largest `k`."""
    connections: int = Field(16, gt=0)
    """Connections to the database. Further callers wait for a turn."""


class Night(Section):
    """What `night` does beside its options."""

    recipe: Path | None = None
    """File with the recipe to train, which `tune` wrote; none: the default of `sage`."""
    from_nothing_days: int = Field(7, ge=1)
    """Days after which a training from nothing is due again. The nights between go on from the live release."""
    cuts: int = Field(3, ge=1)
    """Months back from the night whose buyers decide whether the run goes live."""
    accept_too_little: bool = False
    """Whether a run also goes live when there are too few buyers to say. A small shop never has enough."""


class Log(Section):
    """How progress and errors are written on standard error."""

    lines: Literal["text", "json"] = "text"
    """`json` writes one JSON document per line, for log collectors, and draws no bars."""
