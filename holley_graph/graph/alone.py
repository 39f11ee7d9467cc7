"""One writer at a time, in a home and in a graph.

Both locks end with their process, however it ends. In the home it is a file lock. In the graph it is an open
transaction that writes nothing: the server ends it when the connection ends, and everybody can see it.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from holley_graph import files
from holley_graph.errors import GraphStateError
from holley_graph.graph import queries
from holley_graph.graph.client import Graph, Row, text, translated
from holley_graph.graph.driver import driver_errors

PATIENCE_S, PAUSE_S = 5.0, 0.1
"""How long the transaction of a process that was just killed may take to end."""


@contextmanager
def in_home(home: Path, work: str) -> Iterator[None]:
    """Hold the lock of a home.

    Args:
        home: its folder.
        work: what is done, for whoever comes meanwhile.

    Raises:
        GraphStateError: somebody holds it.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = home / "work.lock"
    with files.locked(lock, wait=False) as file:
        if file is None:
            raise GraphStateError(f"{lock.read_text(encoding='utf-8')} works in {home}", "wait for it to end")
        file.truncate(0)
        file.write(f"{work} (process {os.getpid()})")
        file.flush()
        yield


@contextmanager
def in_graph(graph: Graph, work: str) -> Iterator[Turn]:
    """Hold the lock of a graph.

    Args:
        graph: where somebody wants to write.
        work: what is done, for whoever comes meanwhile.

    Raises:
        GraphStateError: somebody holds it.
    """
    turn = Turn(graph, work)
    turn.take()
    try:
        yield turn
    finally:
        turn.give()


class Turn:
    """The lock of a graph. It can be given and taken again, as around a stop of the server."""

    def __init__(self, graph: Graph, work: str) -> None:
        self._graph = graph
        self._token = secrets.token_hex(8)
        self._said = {"token": self._token, "work": work, "process": os.getpid(), "host": socket.gethostname()}

    def take(self) -> None:
        """Begin the transaction, and stay if it is the oldest.

        Of two that begin at once both see both, and the younger goes.

        Raises:
            GraphStateError: somebody else works on the graph.
        """
        self._graph.read("server/ready")  # tries again, so that no connection of a server that was stopped is left
        deadline = time.monotonic() + PATIENCE_S
        while (other := self._begin()) and time.monotonic() < deadline:
            self.give()
            time.sleep(PAUSE_S)
        if other:
            self.give()
            raise GraphStateError(
                f"{other['work']} works on this graph (process {other['process']} on {other['host']})",
                "wait for it to end",
            )

    def give(self) -> None:
        """End the transaction."""
        with suppress(driver_errors.DriverError, driver_errors.Neo4jError):  # the connection or the server ended it
            self._session.close()

    def _begin(self) -> Row | None:
        query = queries.load("server/work")
        with translated(self._graph.uri):
            self._session = self._graph.driver.session(database=self._graph.database)
            transaction = self._session.begin_transaction(metadata=self._said)
            open_ones = transaction.run(text(query)).data()
        (own,) = (row for row in open_ones if row["token"] == self._token)
        first: Row = next(row for row in open_ones if row["database"] == own["database"])
        return None if first is own else first
