"""What the server of the settings is and holds, as one flat document."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from holley_graph.errors import AuthFailed, GraphStateError, ServerUnreachable
from holley_graph.graph.client import Address, Graph
from holley_graph.server import process
from holley_graph.server.layout import Layout, read_password
from holley_graph.settings import Settings

KEYS = (
    "running", "bolt_uri", "http_uri", "user", "password_file", "version", "edition", "pid", "rss_bytes",
    "store_bytes", "nodes", "relationships", "gds_version", "indexes", "live_release", "previous_release",
    "last_sync", "labels",
)  # fmt: skip


def connect(settings: Settings) -> Graph:
    """Open the server of the settings.

    Raises:
        ServerUnreachable, AuthFailed, SettingsError: as `address` does.
    """
    at = address(settings)
    return Graph(at.uri, at.user, at.password, at.database, allow_plaintext=at.allow_plaintext)


def address(settings: Settings) -> Address:
    """Return where the server of the settings is: the one at `server.uri`, else the running embedded one.

    Raises:
        ServerUnreachable: the embedded server is down.
        AuthFailed: the password file cannot be read.
        SettingsError: the URI is none, or would send the password in the clear.
    """
    server = settings.server
    if server.uri is not None:
        if server.password_file is None:
            raise AuthFailed("server.uri is set and server.password_file is not", "name the file with its password")
        password = read_password(server.password_file)
        return Address(server.uri, server.user, password, server.database, server.allow_plaintext)
    layout = Layout.of(settings)
    record = process.find(layout)
    if record is None:
        raise ServerUnreachable(f"the embedded server of {settings.home} is down", "holley-graph up")
    return Address(record.bolt_uri, "neo4j", layout.password())


def status(settings: Settings) -> dict[str, Any]:
    """Describe the server; every key of `KEYS` is there, with None for what is unknown or does not apply.

    A server that is down is an answer, not an error. One that starts or hangs has a pid and is not `running`.

    Raises:
        AuthFailed: the server refuses the password.
    """
    state: dict[str, Any] = dict.fromkeys(KEYS) | {"running": False}
    if settings.server.uri is None:
        state |= _embedded(Layout.of(settings))
        if state["pid"] is None:
            return state
    try:
        with connect(settings) as graph:
            with graph.reading() as read:  # unlike `read` it does not retry for half a minute
                state |= next(read("server/status")).data()
            state |= {"gds_version": gds_version(graph), "indexes": graph.read("server/indexes")}
    except ServerUnreachable:
        return state
    if settings.server.uri is not None:
        server = settings.server
        state |= {"bolt_uri": server.uri, "user": server.user, "password_file": server.password_file}
    return state | {"running": True}


def gds_version(graph: Graph) -> str | None:
    """Return the version of Graph Data Science on a server; none: it is not installed there."""
    try:
        return str(graph.read("server/gds")[0]["version"])
    except GraphStateError:  # unknown function
        return None


def _embedded(layout: Layout) -> dict[str, Any]:
    record = process.find(layout)
    live = record.process() if record is not None else None
    if record is None or live is None:
        return {}
    return {
        "bolt_uri": record.bolt_uri,
        "http_uri": record.http_uri,
        "user": "neo4j",
        "password_file": layout.password_file,
        "pid": record.pid,
        "rss_bytes": _memory(live),
        "store_bytes": sum(_sizes(layout.root / "data")),
    }


def _memory(live: psutil.Process) -> int | None:
    try:
        return int(live.memory_info().rss)
    except psutil.NoSuchProcess:  # it ends just now
        return None


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        with _vanishing():
            if path.is_file():
                yield path.stat().st_size


@contextmanager
def _vanishing() -> Iterator[None]:
    """The server may remove a file between its listing and its measuring: it then counts nothing."""
    try:
        yield
    except FileNotFoundError:
        return
