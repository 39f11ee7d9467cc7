"""How amounts are written for people: money, sizes and counts."""

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
