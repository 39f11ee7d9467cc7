"""Times in UTC.

`as_of` is epoch seconds everywhere: whole seconds, exclusive. The command line, JSON and SQL speak of times: they
turn it with `seconds`, `moment` and `iso`, and nobody else does.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

DAY = 86_400
"""Seconds."""


def moment(at: int) -> datetime:
    """Return the UTC time of epoch seconds."""
    return datetime.fromtimestamp(at, UTC)


def seconds(text: str) -> int:
    """Return the epoch seconds of an ISO 8601 time; without a zone it is UTC."""
    at = datetime.fromisoformat(text)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def last_midnight() -> int:
    """Return the midnight (UTC) that today began with: what is known then is complete."""
    return int(time.time()) // DAY * DAY


def iso(at: int) -> str:
    """Spell epoch seconds as `2026-01-01T00:00:00Z`."""
    return f"{moment(at):%Y-%m-%dT%H:%M:%SZ}"
