"""What every route has at hand: the database within its limits, settings, and marketing's rules of today."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from holley_graph.errors import ServerHangs
from holley_graph.graph.client import Row
from holley_graph.graph.reader import Reader
from holley_graph.rules import text
from holley_graph.rules.text import Rule
from holley_graph.settings import Settings
from holley_graph.web.admission import Admission

REREAD_S = 5
"""Seconds after which a change of marketing's rules counts at the latest."""
GRACE_S = 0.5
"""What the database has beyond its time limit, to say itself that a statement took too long."""


@dataclass(frozen=True)
class Door:
    """The parts of a running door.

    Attributes:
        reader: connections that only read.
        settings: limits, and defaults of parameters.
        token: what every caller has to show.
        admission: turns at the database.
    """

    reader: Reader
    settings: Settings
    token: str
    admission: Admission

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold a turn at the database, and give up when a whole answer takes too long.

        Raises:
            GraphStateError: no turn came in time.
            ServerHangs: the database says nothing; then its own time limit does not hold either.
        """
        until = asyncio.get_running_loop().time() + self.reader.timeout_s + GRACE_S
        async with self.admission.turn(until):
            try:
                async with asyncio.timeout_at(until):
                    yield
            except TimeoutError as error:
                message = f"Neo4j did not answer within {self.reader.timeout_s:g} s"
                raise ServerHangs(message, "ask again later") from error

    @property
    def graph(self) -> Bridge:
        """The database as functions of other rooms ask it, for `asyncio.to_thread`."""
        return Bridge(self.reader, asyncio.get_running_loop())

    def rules(self, k: int) -> list[dict[str, Any]]:
        """Return marketing's rules of today, as statements take them.

        Raises:
            SettingsError: they are not understood.
        """
        file = self.settings.recommend.rules_file
        return [rule.as_parameter(k) for rule in _rules(file, int(time.monotonic() / REREAD_S))]


@dataclass(frozen=True)
class Bridge:
    """Asks in the event loop for somebody in a thread, who waits.

    Attributes:
        reader: connections that only read.
        loop: that they belong to.
    """

    reader: Reader
    loop: asyncio.AbstractEventLoop

    def read(self, name: str, /, **params: Any) -> list[Row]:
        """Run one `read` statement.

        Raises:
            TimeoutError: there is no answer in time.
        """
        future = asyncio.run_coroutine_threadsafe(self.reader.read(name, **params), self.loop)
        return future.result(self.reader.timeout_s + GRACE_S)


@lru_cache(maxsize=1)
def _rules(file: Path | None, _: int) -> tuple[Rule, ...]:
    """Return marketing's rules of today, read once in each period: reading takes longer than an answer."""
    return text.read(file).on(datetime.now(UTC).date())
