"""The JVM's ahead-of-time cache: classes loaded and linked in advance, which halves a start and its memory.

It is made by a training run of the same JDK build, class path and options; a file name of their hash keeps a stale
one from being used. It lies beside the jars, for all homes. A start never waits for it and never fails by it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from holley_graph.server import admin, config, jars, java, lock, preflight, process
from holley_graph.server.layout import Layout
from holley_graph.server.record import Record
from holley_graph.settings import Server

_STOP_S = 300  # the file is written while the training server ends
_LEAST_FREE_MB = 2048


def usable(jar_cache: Path) -> Path | None:
    """Return the cache that fits this JDK, these jars and these options, if it has been made."""
    file = place(jar_cache)
    return file if file.is_file() else None


def refused(console: Path) -> bool:
    """Say whether the JVM found the cache unusable; it then started without."""
    text = console.read_text(encoding="utf-8", errors="replace")
    return re.search(r"^\[[^]]*\]\[error *\]\[aot", text, re.M) is not None


def prepare(jar_cache: Path) -> Path | None:
    """Make the cache now (about half a minute on two idle cores); the jars must be there.

    Returns:
        The file; none when another process is making it.

    Raises:
        ServerError: the training server did not start.
    """
    file = place(jar_cache)
    with alone(jar_cache) as undisturbed:
        if undisturbed and not file.is_file():
            _train(jar_cache, file)
    return usable(jar_cache)


def prepare_in_background(jar_cache: Path) -> None:
    """Make the cache in a process of its own, at the lowest priority, unless it is there or there is no room."""
    if usable(jar_cache) is not None or preflight.free_mb(jar_cache) < _LEAST_FREE_MB:
        return
    folder = place(jar_cache).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    output = folder / "training.log"
    output.touch(mode=0o600)
    with output.open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-m", "holley_graph.server.aot", str(jar_cache)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=java.UMASK,
        )


def place(jar_cache: Path) -> Path:
    """Return the file that fits this JDK, these jars and these options, made or not."""
    paths = jars.class_path(lock.read(), jar_cache)
    # The JVM refuses a cache whose jars have another size or time than at training.
    stats = [path.stat() for path in paths if path.exists()]
    parts = [java.build(), *config.JVM_FLAGS, *map(str, paths), *(f"{s.st_size} {s.st_mtime_ns}" for s in stats)]
    return jar_cache.absolute() / "aot" / f"{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:20]}.aot"


def _train(jar_cache: Path, file: Path) -> None:
    """Boot a throw-away server with an empty store, ask it the usual questions, and let it write the file."""
    layout = Layout(file.parent / "training" / "server")
    _clear(layout)
    layout.create()
    bolt_port, http_port = _free_ports(2)
    server = Server(bolt_port=bolt_port, http_port=http_port, heap_mb=512, page_cache_mb=64, start_timeout_s=600)
    part = layout.root / "part.aot"
    # Jars only: training refuses a folder on the class path, use accepts one at its end.
    class_path = jars.class_path(lock.read(), jar_cache)
    try:
        jars.link_plugins(lock.read(), jar_cache, layout.plugins)
        admin.ensure_password(layout, jar_cache)
        record = process.launch(layout, server, class_path, (f"-XX:AOTCacheOutput={part}",))
        _ask(record, layout)
        process.terminate(layout, record, _STOP_S)
        part.replace(file)
    finally:
        _clear(layout)


def _ask(record: Record, layout: Layout) -> None:
    from holley_graph.graph.client import Graph

    with Graph(record.bolt_uri, "neo4j", layout.password()) as graph:
        for name in ("server/status", "server/indexes", "server/gds"):
            graph.read(name)


def _clear(layout: Layout) -> None:
    """Remove a training home, and first the server of a training that was killed."""
    record = process.find(layout)
    if record is not None and (left_over := record.process()) is not None:
        left_over.kill()
        left_over.wait()
    if layout.root.parent.exists():
        shutil.rmtree(layout.root.parent)


@contextmanager
def alone(jar_cache: Path) -> Iterator[bool]:
    """Keep others from training for a jar cache; yields whether nobody else is at it."""
    folder = jar_cache.absolute() / "aot"
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder / "training.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield _taken(handle)
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in sockets]


if __name__ == "__main__":
    os.nice(19)
    prepare(Path(sys.argv[1]))
