"""How amounts are written for people: money, sizes, counts and durations."""

from __future__ import annotations


def money(dollars: float) -> str:
    """Write US dollars as $1,403.87."""
    return f"${dollars:,.2f}"


def size(count: float) -> str:
    """Write a number of bytes as 2.1 GiB."""
    if count < 1024:
        return f"{count:,.0f} bytes"
    for unit in ("KiB", "MiB", "GiB"):
        count /= 1024
        if count < 1024:
            return f"{count:,.1f} {unit}"
    return f"{count / 1024:,.1f} TiB"


def counted(count: int, one: str, many: str = "") -> str:
    """Write a count with its noun: 1 row, 1,204 rows.

    Args:
        count: how many.
        one: the noun.
        many: its plural, where it does not end in a plain s.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Write a duration as 0.4 s, 12 s, 3 min or 1 h 20 min."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
