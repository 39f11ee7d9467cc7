"""Admission control: as many questions at once as the database takes, more in turn, the rest refused at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from holley_graph.errors import GraphStateError

RETRY_AFTER_S = "1"
"""When to ask again, as callers are told."""
_NEWEST = 0.01
"""Share of the newest turn in the mean."""


class Admission:
    """Turns, in order of arrival.

    Without it all wait in the driver's pool, which wakes everybody for each connection that becomes free.

    Args:
        at_once: turns at the same time.
        wait_s: whoever would wait longer for a turn is not let in.
    """

    def __init__(self, at_once: int, wait_s: float) -> None:
        self._turns = asyncio.Semaphore(at_once)  # first come, first served
        self._at_once, self._wait_s = at_once, wait_s
        self._mean_s = 0.0
        self.refused = 0
        """Questions that were not let in so far."""

    def full(self, inside: int) -> bool:
        """Say whether a newcomer would wait too long, at the pace of the latest turns.

        Args:
            inside: questions that were let in and are not answered yet.
        """
        return inside * self._mean_s / self._at_once > self._wait_s

    @asynccontextmanager
    async def turn(self, until: float) -> AsyncIterator[None]:
        """Hold one of the turns.

        Args:
            until: time of the event loop until which to wait for it.

        Raises:
            GraphStateError: the turn did not come.
        """
        await self._wait(until)
        began = time.perf_counter()
        try:
            yield
        finally:
            self._turns.release()
            self._mean_s += _NEWEST * (time.perf_counter() - began - self._mean_s)

    async def _wait(self, until: float) -> None:
        try:
            async with asyncio.timeout_at(until):
                await self._turns.acquire()
        except TimeoutError as error:
            raise GraphStateError(
                "there are more questions than the database can answer", "ask again in a moment"
            ) from error
