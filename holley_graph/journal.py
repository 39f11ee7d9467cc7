"""What happened in a home: one line for each finished sync, export, gate, release and rollback, oldest first."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from holley_graph.errors import ParcelError

FILE = "history.jsonl"


def note(home: Path, what: str, facts: Mapping[str, Any]) -> None:
    """Write down what was done, now. Facts name files, runs and counts, and nobody."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    entry = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "what": what, **facts}
    line = json.dumps(entry, default=str).encode()
    # one write for the whole line; it begins a line of its own, whatever a full disk left of the one before
    file = os.open(home / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, b"\n" + line)
    finally:
        os.close(file)


def entries(home: Path) -> list[dict[str, Any]]:
    """Read what happened; a line that is not whole is what a killed command left, and is no entry.

    Raises:
        ParcelError: the file cannot be read.
    """
    path = home / FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except (OSError, ValueError) as error:
        raise ParcelError(f"{path}: {error}", "remove it; the history begins anew") from error
    return [json.loads(line) for line in lines if line.endswith("}") and line.startswith('{"at"')]
