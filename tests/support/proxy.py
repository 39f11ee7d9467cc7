"""A proxy in front of the emulator: what it cannot play is answered here, at the outermost edge."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """One call of the client."""

    method: str
    path: str
    body: dict[str, Any]

    @property
    def query(self) -> dict[str, Any]:
        """The configuration of the query job that it submits; empty if it is another call."""
        configuration: dict[str, Any] = self.body.get("configuration", {}) if self.method == "POST" else {}
        return configuration if "query" in configuration else {}


Answer = tuple[int, dict[str, Any]]
"""Status and document."""
Rule = Callable[[Request, Callable[[], Answer]], Answer]
"""Answers a call; the second argument asks the emulator."""


@dataclass
class Proxy:
    """Where it listens, what it was asked, and what it does about it."""

    rest: str
    rule: Rule = lambda request, ask: ask()
    asked: list[Request] = field(default_factory=list)


def refused(code: int, reason: str, message: str) -> Answer:
    """Answer as BigQuery refuses: `reason` is its own word."""
    error = {"reason": reason, "message": message, "domain": "global"}
    return code, {"error": {"code": code, "message": message, "errors": [error]}}


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news; and a traceback from this thread breaks one that pytest prints."""


@contextmanager
def before(rest: str) -> Iterator[Proxy]:
    """Listen on loopback in front of an emulator."""
    target = urlsplit(rest).netloc
    proxy = Proxy("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, _document(content))
            proxy.asked.append(request)
            uploads: list[str] = []

            def ask() -> Answer:
                upstream = HTTPConnection(target, timeout=120)
                by_key = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
                upstream.request(self.command, self.path, content, by_key)
                response = upstream.getresponse()
                document = _document(response.read())
                uploads.extend(response.headers.get_all("Location") or ())  # from there on without this proxy
                upstream.close()
                return response.status, document

            code, document = proxy.rule(request, ask)
            body = json.dumps(document).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for upload in uploads:
                self.send_header("Location", upload)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = _Quiet(("127.0.0.1", 0), Handler)
    proxy.rest = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
