"""Looks before a start: what would make the server die after twenty seconds is seen here at once."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
from pathlib import Path

import psutil

from holley_graph.errors import DiskFull, PortTaken, StoreLocked
from holley_graph.server.layout import Layout
from holley_graph.settings import Server

# A new store with its transaction logs is half of this.
LEAST_FREE_MB = 1024


def check(layout: Layout, server: Server) -> None:
    """Refuse a start that cannot succeed.

    Raises:
        DiskFull, StoreLocked, PortTaken: as named.
    """
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
