"""Rows of one release, though a release goes live in a transaction that a statement can read in the middle of."""

from __future__ import annotations

from holley_graph.graph.client import Row

ABOUT = ("mixed", "flipping")
"""Columns that a statement says of its own run; decision 0008 tells what they mean."""


class OneRelease:
    """Judges the rows of a statement that is run until they are surely of one release.

    They are when it met no two releases and saw, at its end, none going live. While one is, until its commit the
    old vectors stand still: rows that are not mixed and come twice the same are of one release. No rows say nothing
    of their run, and count when they come twice, too.
    """

    def __init__(self) -> None:
        self._earlier: list[Row] | None = None

    def settled(self, rows: list[Row]) -> list[Row] | None:
        """Return the rows without what they say of their run, or nothing: run the statement again."""
        plain = [{column: value for column, value in row.items() if column not in ABOUT} for row in rows]
        mixed = any(row["mixed"] for row in rows)
        quiet = bool(rows) and not any(row["flipping"] for row in rows)
        if not mixed and (quiet or plain == self._earlier):
            return plain
        self._earlier = None if mixed else plain
        return None
