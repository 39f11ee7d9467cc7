"""How a room says how far it is; the command line draws it, nobody else needs to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def silent(what: str, done: int, of: int) -> None:
    """Progress that nobody watches."""


@contextmanager
def step(progress: Progress, what: str) -> Iterator[None]:
    """Say that a step begins, of which no part can be counted, and that it has ended."""
    progress(what, 0, 1)
    yield
    progress(what, 1, 1)
