"""Times in UTC: a `datetime` where people give and read it, epoch seconds where it is counted with."""

from __future__ import annotations

from datetime import UTC, datetime

DAY = 86_400
"""Seconds."""


def moment(at: int) -> datetime:
    """Return the UTC time of epoch seconds."""
    return datetime.fromtimestamp(at, UTC)


def last_midnight() -> datetime:
    """Return the midnight (UTC) that today began with: what is known then is complete."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def iso(at: int) -> str:
    """Spell epoch seconds as `2026-01-01T00:00:00Z`."""
    return f"{moment(at):%Y-%m-%dT%H:%M:%SZ}"
