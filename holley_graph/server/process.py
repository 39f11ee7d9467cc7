"""The server process: launched detached, waited for until it answers, found again, ended cleanly."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from holley_graph.errors import GraphStateError, ServerError, ServerStartFailed, ServerUnreachable
from holley_graph.server import config, diagnosis, java
from holley_graph.server.layout import Layout
from holley_graph.server.record import ServerRecord
from holley_graph.settings import Server

if TYPE_CHECKING:
    from holley_graph.graph.client import Graph

_POLL_S = 0.1


def find(layout: Layout) -> ServerRecord | None:
    """Return the record of the live server of this home; none: it is down, or it crashed."""
    record = ServerRecord.read(layout.record)
    return record if record is not None and record.process() is not None else None


def launch(layout: Layout, server: Server, class_path: list[Path], extra: tuple[str, ...] = ()) -> ServerRecord:
    """Start the server and wait until it answers. The home must be prepared: jars, plugins, password.

    Args:
        layout: its home.
        server: ports, memory and time limit.
        class_path: jars, and the Browser folder last.
        extra: JVM options beyond the usual ones.

    Raises:
        ServerError: one of its kinds, from what the server printed before it ended.
    """
    if layout.console.exists():
        layout.console.replace(layout.console.with_name("console.previous.log"))
    arguments = config.command(layout, server, class_path, extra)
    child = java.launch(layout, arguments, layout.arguments, layout.console)
    record = ServerRecord.of(child.pid, server.bolt_port, server.http_port)
    record.write(layout.record)
    try:
        await_ready(layout, record, server)
    except BaseException:  # interrupted or too slow: no server that nobody asked for stays behind
        terminate(layout, record, server.start_timeout_s)
        raise
    return record


def await_ready(layout: Layout, record: ServerRecord, server: Server) -> None:
    """Return once a query works and the pages are served; Bolt accepts connections seconds before that.

    Nobody is asked before our own process listens on both ports: another server may have taken them meanwhile.

    Raises:
        ServerError: the process ended, or the time is over.
    """
    from holley_graph.graph.client import Graph  # costs a second that the JVM needs anyway; `down` needs none of it

    deadline = time.monotonic() + server.start_timeout_s
    with Graph(record.bolt_uri, "neo4j", layout.password()) as graph:
        while record.process() is not None:
            if _listens(record) and _answers(graph):
                return
            if time.monotonic() > deadline:
                hint = f"raise server.start_timeout_s, or read {layout.console}"
                raise ServerStartFailed(f"the server did not answer within {server.start_timeout_s} s", hint)
            time.sleep(_POLL_S)
    raise diagnosis.of(layout.console)


def terminate(layout: Layout, record: ServerRecord, timeout_s: float) -> None:
    """End the server cleanly: it finishes its transactions and writes a checkpoint.

    Raises:
        ServerError: it is still at it after `timeout_s`; it is never killed for being slow.
    """
    process = record.process()
    if process is not None:
        process.terminate()
    deadline = time.monotonic() + timeout_s
    # not `process.wait()`: whoever started the server may live on without collecting it, and it stays as a zombie
    while record.process() is not None:
        if time.monotonic() > deadline:
            raise ServerError(f"the server (pid {record.pid}) is still stopping", "wait, then holley-graph down")
        time.sleep(0.05)
    layout.record.unlink(missing_ok=True)


def _listens(record: ServerRecord) -> bool:
    process = record.process()
    try:
        connections = process.net_connections("tcp") if process is not None else []
    except psutil.NoSuchProcess:  # it ended meanwhile
        return False
    listening = {connection.laddr.port for connection in connections if connection.status == psutil.CONN_LISTEN}
    return {record.bolt_port, record.http_port} <= listening


def _answers(graph: Graph) -> bool:
    try:
        with graph.reading() as read:  # unlike `read` it does not retry for half a minute
            return bool(list(read("server/ready")))
    except (ServerUnreachable, GraphStateError):  # nobody listens yet, or the database is not open yet
        return False
