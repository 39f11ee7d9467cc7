"""Looks before a start: what would make the server die after twenty seconds is seen here at once."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import socket
from pathlib import Path

import psutil

from holley_graph.errors import DiskFull, GraphStateError, PortTaken, StoreLocked
from holley_graph.server import lock
from holley_graph.server.layout import Layout
from holley_graph.settings import Server

# A new store with its transaction logs is half of this.
LEAST_FREE_MB = 1024


def check(layout: Layout, server: Server) -> None:
    """Refuse a start that cannot succeed.

    Raises:
        GraphStateError: the store is one of another line of Neo4j.
        DiskFull, StoreLocked, PortTaken: as named.
    """
    refuse_other_line(layout, lock.neo4j_version())
    if (free := free_mb(layout.root)) < LEAST_FREE_MB:
        raise DiskFull(
            f"{free:,} MiB free at {layout.root}, a server needs {LEAST_FREE_MB:,}",
            "free disk space, or choose another --home",
        )
    if locked(layout.store_lock):
        raise StoreLocked(
            f"{_holder(layout.store_lock)} uses the store in {layout.root}",
            "stop that process, or choose another --home",
        )
    for name in ("bolt_port", "http_port"):
        port = getattr(server, name)
        if taken(port):
            hint = f"stop it, or set server.{name} (HOLLEY_GRAPH_SERVER__{name.upper()})"
            raise PortTaken(f"another program listens on port {port} (server.{name})", hint)


def refuse_other_line(layout: Layout, version: str) -> None:
    """Refuse a store that another line of Neo4j wrote: an older one cannot open it, a newer one alters it for good.

    Raises:
        GraphStateError: with the way out.
    """
    writer = started_by(layout)
    if writer is not None and lock.line(writer) != lock.line(version):
        raise GraphStateError(
            f"{layout.root} was written by Neo4j {writer}, which is another line than this Neo4j {version}",
            "move that folder away, then up, sync and writeback; the rest of the home stays as it is",
        )


def started_by(layout: Layout) -> str | None:
    """Return the version of Neo4j that was last started on a store; none: there is no store yet."""
    if not layout.started_before or not layout.arguments.exists():
        return None
    jar = re.search(r"/neo4j-(\d[\d.]*)\.jar", layout.arguments.read_text(encoding="utf-8"))
    return jar[1] if jar else None


def free_mb(folder: Path) -> int:
    """Return the free space of the file system that holds, or will hold, a folder, in MiB."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free // (1024 * 1024)


def taken(port: int) -> bool:
    """Say whether somebody listens on a loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: TIME_WAIT is no hindrance
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def locked(store_lock: Path) -> bool:
    """Say whether a process holds the store's lock; the file of a stopped server stays behind without one."""
    if not store_lock.exists():
        return False
    handle = os.open(store_lock, os.O_RDWR)
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _holder(store_lock: Path) -> str:
    for process in psutil.process_iter():
        try:
            if any(file.path == str(store_lock) for file in process.open_files()):
                return f"process {process.pid}"
        except psutil.Error:
            continue  # gone meanwhile, or another user's
    return "another process"
