"""What a connection may cost before a question has arrived: time, bytes, and how many connections there are."""

from __future__ import annotations

import asyncio
import math
from typing import cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from holley_graph.web.admission import RETRY_AFTER_S, Admission

MOST_CONNECTIONS = 2_000
LARGEST_HEAD = 64 * 1024
"""Bytes of a request line and its headers."""
PAUSE_S = 0.25
"""A refused caller who asks again at once is read so much later: else refusing takes the time that answers need."""
WATCHED = {b"/health", b"/metrics"}
"""Answered in a crowd, too: they cost the database nothing, and say that there is a crowd."""
BUSY = b'{"error": "more callers than can be answered in time", "hint": "ask again in a moment"}'


class HttpConnection(HttpToolsProtocol):
    """Uvicorn's connection with limits that uvicorn does not have.

    A caller has `timeout_keep_alive` seconds to send a whole head, counted from the start of the connection or from
    the last answer, and as long to read an answer. Bytes that drip in do not prolong this. Then it is closed.
    """

    due = math.inf
    """When it will be closed, in the loop's time; never while the caller waits for an answer."""
    _refused = False
    _timer: asyncio.TimerHandle | None = None
    _head: float = 0
    """Bytes of the head that is arriving; minus infinity while a body is."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection; where there are too many, the one that has been silent longest makes room."""
        super().connection_made(transport)
        self._watch()
        if len(self.connections) > MOST_CONNECTIONS:
            everybody = cast(set[HttpConnection], self.connections)
            min(everybody, key=lambda connection: connection.due).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that does not end is refused once it is too large."""
        self._head += len(data)
        super().data_received(data)
        if self._head > LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._head = 0

    def on_headers_complete(self) -> None:
        """Begin to answer, unless the head is too large."""
        self._head = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if self._head > LARGEST_HEAD:
            raise ValueError("the head is too large")  # ends the parsing, and comes to `send_400_response`
        self._head = -math.inf
        admission: Admission = self.app_state["admission"]
        self._refused = self.url not in WATCHED and admission.full(len(self.tasks)) and not self._answering
        admission.refused += self._refused
        if self._refused:
            self._refuse()
        else:
            super().on_headers_complete()
        self._watch()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body; nobody waits for that of a refused question."""
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A question ends."""
        if not self._refused:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next question."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """The caller does not read its answers."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """The caller reads again."""
        super().resume_writing()
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Refuse a head and close: too large, or what uvicorn says of it."""
        if self._head <= LARGEST_HEAD:
            super().send_400_response(msg)
            return
        self._write(431, b"", (b"connection", b"close"))
        self.transport.close()

    def _refuse(self) -> None:
        """Say 503 for a tenth of what an answer costs, and read the caller's next question a little later."""
        self._write(503, BUSY, (b"retry-after", RETRY_AFTER_S.encode()), (b"content-type", b"application/json"))
        if self.parser.should_keep_alive():
            self.flow.pause_reading()
            self.loop.call_later(PAUSE_S, self._read_on)
        else:
            self.transport.close()

    def _read_on(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _write(self, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
        usual = [*self.server_state.default_headers, (b"content-length", b"%d" % len(body))]
        lines = b"".join(b"%b: %b\r\n" % header for header in (*usual, *headers))
        self.transport.write(STATUS_LINE[status] + lines + b"\r\n" + body)

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        """Count the caller's seconds anew if the next move is the caller's, else stop counting."""
        if self._timer is not None:
            self._timer.cancel()
        if self._answering and not self.flow.write_paused:
            self.due = math.inf
            return
        self.due = self.loop.time() + self.timeout_keep_alive
        self._timer = self.loop.call_later(self.timeout_keep_alive, self.transport.abort)
