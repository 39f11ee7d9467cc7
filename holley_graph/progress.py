"""How a room says how far it is; the command line draws it, nobody else needs to know."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""

USUAL_S = 2
"""Seconds that nobody wonders about."""


def silent(what: str, done: int, of: int) -> None:
    """Progress that nobody watches."""


@contextmanager
def step(progress: Progress, what: str) -> Iterator[None]:
    """Say that a step begins, of which no part can be counted, and that it has ended."""
    progress(what, 0, 1)
    yield
    progress(what, 1, 1)


@contextmanager
def long_step(progress: Progress, what: str) -> Iterator[None]:
    """The same for a step that is spoken of only when it takes longer than usual."""
    long = threading.Event()

    def begin() -> None:
        long.set()
        progress(what, 0, 1)

    timer = threading.Timer(USUAL_S, begin)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if long.is_set():
        progress(what, 1, 1)
