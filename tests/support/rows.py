"""A connection that answers statements with rows that a test chooses, where what Neo4j does is not asked about."""

from __future__ import annotations

from typing import Any

import pytest


class Rows:
    """Notes whether it was closed.

    Args:
        rows: of a statement, named with `_` in the place of `/`; any other has none.
    """

    uri = "bolt://here"

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self.rows, self.closed = rows, False

    def read(self, name: str, **_: Any) -> list[dict[str, Any]]:
        return self.rows.get(name.replace("/", "_"), [])

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.closed = True


def connected(patch: pytest.MonkeyPatch, room: Any, **rows: list[dict[str, Any]]) -> Rows:
    """Let a module connect to such a one."""
    graph = Rows(**rows)
    patch.setattr(room, "connect", lambda *_: graph)
    return graph
