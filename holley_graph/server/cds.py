"""The JVM's class-data archive: classes loaded and verified in advance, which saves a third of a start's work.

A start without an archive lists the classes that it loads; from that list Java makes the archive in the background.
A file name of JDK build, jars and options keeps a stale one from being used. It lies beside the jars, for
all homes. A start never waits for it and never fails by it.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holley_graph import files
from holley_graph.server import config, jars, java, lock, preflight
from holley_graph.server.layout import Layout

_LEAST_FREE_MB = 2048
_LONGEST_LINE = 4096  # a longer one ends Java's reading of the list, though Java itself wrote it


def usable(jar_cache: Path) -> Path | None:
    """Return the archive that fits this JDK, these jars and these options, if it has been made."""
    file = place(jar_cache)
    return file if file.is_file() else None


def flags(layout: Layout, archive: Path | None) -> tuple[str, ...]:
    """Return the JVM option that uses an archive, or that lists the classes for one."""
    return (f"-XX:SharedArchiveFile={archive}",) if archive else (f"-XX:DumpLoadedClassList={layout.class_list}",)


def refused(console: Path) -> bool:
    """Say whether the JVM found the archive unusable; it then started without."""
    text = console.read_text(encoding="utf-8", errors="replace")
    return re.search(r"^\[[^]]*\]\[(?:warning|error) *\]\[cds", text, re.M) is not None


def prepare(jar_cache: Path, class_list: Path) -> Path | None:
    """Make the archive now (about half a minute of one core); the jars must be there.

    Returns:
        The file; none when another process is making it.

    Raises:
        CalledProcessError: Java could not make it.
    """
    file = place(jar_cache)
    with alone(jar_cache) as undisturbed:
        if undisturbed and not file.is_file():
            _make(file, jar_cache, class_list)
    return usable(jar_cache)


def prepare_in_background(layout: Layout, jar_cache: Path) -> None:
    """Make the archive in a process of its own, at the lowest priority, if a start listed its classes for one."""
    listed = layout.class_list.exists() and usable(jar_cache) is None
    if not listed or preflight.free_mb(jar_cache) < _LEAST_FREE_MB:
        return
    folder = place(jar_cache).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    output = folder / "archive.log"
    output.touch(mode=files.PRIVATE)
    with output.open("wb") as log:
        subprocess.Popen(
            [sys.executable, "-m", "holley_graph.server.cds", str(jar_cache), str(layout.class_list)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=java.UMASK,
        )


def place(jar_cache: Path) -> Path:
    """Return the file that fits this JDK, these jars and these options, made or not."""
    paths = jars.class_path(lock.read(), jar_cache)
    # The JVM refuses an archive whose jars have another size or time than they had for it.
    stats = [path.stat() for path in paths if path.exists()]
    parts = [java.build(), *config.JVM_FLAGS, *map(str, paths), *(f"{s.st_size} {s.st_mtime_ns}" for s in stats)]
    return jar_cache.absolute() / "cds" / f"{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:20]}.jsa"


def _make(file: Path, jar_cache: Path, class_list: Path) -> None:
    classes, arguments, part = (file.with_suffix(suffix) for suffix in (".classes", ".args", ".part"))
    # The server that wrote the list may still add to it: its last line is left out, for it may be half a line.
    lines = class_list.read_text(encoding="utf-8").split("\n")[:-1]
    classes.write_text("".join(f"{line}\n" for line in lines if len(line) < _LONGEST_LINE), encoding="utf-8")
    # Jars only: an archive is refused a folder on its class path, its user may have one at the end.
    class_path = ":".join(map(str, jars.class_path(lock.read(), jar_cache)))
    make = ["-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={part}"]
    arguments.write_text(java.argument_file(["-Xmx512m", *config.JVM_FLAGS, *make, "-cp", class_path]))
    try:
        subprocess.run([java.executable(), f"@{arguments}"], check=True)
        part.replace(file)
    finally:
        for scratch in (classes, arguments, part):
            scratch.unlink(missing_ok=True)
    class_list.unlink(missing_ok=True)


@contextmanager
def alone(jar_cache: Path) -> Iterator[bool]:
    """Keep others from making the archive of a jar cache; yields whether nobody else is at it."""
    folder = jar_cache.absolute() / "cds"
    folder.mkdir(mode=0o700, exist_ok=True)
    with files.locked(folder / "archive.lock", wait=False) as held:
        yield held is not None


if __name__ == "__main__":
    os.nice(19)
    prepare(*map(Path, sys.argv[1:]))
