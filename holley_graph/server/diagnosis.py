"""Reads in the console log of a dead server why it died."""

from __future__ import annotations

import re
from pathlib import Path

from holley_graph.errors import DiskFull, PortTaken, ServerError, ServerStartFailed, StoreLocked

_CAUSES: tuple[tuple[str, type[ServerError], str, str], ...] = (
    ("No space left on device", DiskFull, "the disk is full", "free disk space, then holley-graph up"),
    (
        "PortBindException|BindException|Address already in use",
        PortTaken,
        "a port was taken while the server started",
        "set server.bolt_port and server.http_port to free ports",
    ),
    (
        "FileLockException|locked by another process",
        StoreLocked,
        "another process uses the store",
        "stop that process, or choose another --home",
    ),
    (
        "OutOfMemoryError|Could not reserve enough space|insufficient memory",
        ServerStartFailed,
        "not enough memory",
        "lower server.heap_mb and server.page_cache_mb",
    ),
)
_OPTION = re.compile(r"(?:Unrecognized|Improperly specified) .*|Error occurred during initialization of VM\n.*")
"""What Java says of options that it does not take; it says so first, and then that it ends."""
_TELLING = re.compile(r"\b(ERROR|Error|Caused by|Exception)\b")


def of(console: Path, what: str = "the server ended before it answered") -> ServerError:
    """Return the error that a console log tells of.

    Args:
        console: what the process printed.
        what: what happened, for a message of an unknown cause.
    """
    text = console.read_text(encoding="utf-8", errors="replace") if console.exists() else ""
    for pattern, kind, message, hint in _CAUSES:
        if re.search(pattern, text):
            return kind(f"{what}: {message}", hint)
    if refused := _OPTION.search(text):
        return ServerStartFailed(f"{what}: {' '.join(refused[0].split())}", "correct server.jvm_options")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return ServerStartFailed(f"{what}: {_telling(lines)[:300]}", f"read {console}")


def _telling(lines: list[str]) -> str:
    """Pick the line that names the root cause (the last one does), with its continuation."""
    places = [place for place, line in enumerate(lines) if _TELLING.search(line)]
    if not places:
        return lines[-1] if lines else "it printed nothing"
    rest = [line for line in lines[places[-1] + 1 : places[-1] + 2] if not line.startswith("at ")]
    return " ".join([lines[places[-1]], *rest])
