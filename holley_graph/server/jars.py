"""Brings the server's jars into a cache that all homes share, each held against its SHA-256.

Whole files are kept, so an interrupted download goes on where it stopped. What was hashed and found right is
remembered by size and time: a start does not read 158 MB again.
"""

from __future__ import annotations

import errno
import json
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from holley_graph import files
from holley_graph.server.lock import Jar

if TYPE_CHECKING:
    from holley_graph.progress import Progress

_VERIFIED = "verified.json"

Seen = dict[str, list[str | int]]
"""Relative path to SHA-256, size in bytes and mtime in ns of a file that was hashed and found right."""


def missing(jars: Sequence[Jar], cache: Path) -> list[Jar]:
    """List the jars that are not in the cache as the lock file wants them; hashes only what changed since."""
    seen = _load(cache)
    absent = [jar for jar in jars if not _verified(jar, cache, seen)]
    whole = [jar for jar in absent if (cache / jar.path).is_file() and files.digest(cache / jar.path) == jar.sha256]
    if whole:
        _remember(whole, cache, seen)
    return [jar for jar in absent if jar not in whole]


def fetch(jars: Sequence[Jar], cache: Path, mirror: str | None, progress: Progress) -> None:
    """Download what is missing.

    Args:
        jars: what the lock file names.
        cache: folder laid out like a Maven repository.
        mirror: base URL; none: the public one that the resolver library knows.
        progress: called once per file.

    Raises:
        JarMissing: a file could not be had.
        ChecksumDiffers: a file is not the one that the lock file names.
        DiskFull: no room in the cache.
    """
    wanted = missing(jars, cache)
    if not wanted:
        return
    from holley_graph.server import download  # the network is rarely needed, and its libraries take their time

    done: list[Jar] = []
    progress("server jars", len(jars) - len(wanted), len(jars))
    try:
        for jar in download.fetch(wanted, cache, mirror):
            done.append(jar)
            progress("server jars", len(jars) - len(wanted) + len(done), len(jars))
    finally:
        _remember(done, cache, _load(cache))


def class_path(jars: Sequence[Jar], cache: Path) -> list[Path]:
    """Return every jar with classes in it, in the order of the lock file."""
    return [cache.absolute() / jar.path for jar in jars if jar.tag != "browser"]


def browser_folder(jars: Sequence[Jar], cache: Path) -> Path:
    """Return the class path entry that makes the server offer Neo4j Browser; unpacks it once.

    The server looks the pages up as a class path *directory*; inside a jar it does not find them.
    """
    jar, folder = _browser(jars), browser_pages(jars, cache).parent
    if not (folder / "browser").exists():
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as scratch, zipfile.ZipFile(cache / jar.path) as archive:
            archive.extractall(scratch, [name for name in archive.namelist() if name.startswith("browser/")])
            try:
                Path(scratch, "browser").rename(folder / "browser")
            except OSError as error:
                if error.errno != errno.ENOTEMPTY:  # another start unpacked it meanwhile
                    raise
    return folder


def browser_pages(jars: Sequence[Jar], cache: Path) -> Path:
    """Return the folder of Neo4j Browser's pages, unpacked or not."""
    return cache.absolute() / f"browser-{_browser(jars).sha256[:12]}" / "browser"


def link_plugins(jars: Sequence[Jar], cache: Path, plugins: Path) -> None:
    """Show Neo4j the jars with procedures: links in its plugins folder, nothing else in there."""
    wanted = {Path(jar.path).name: cache.absolute() / jar.path for jar in jars if jar.tag == "plugin"}
    for link in plugins.iterdir():
        if link.name not in wanted or not link.is_symlink() or link.readlink() != wanted[link.name]:
            link.unlink()
    for name, target in wanted.items():
        if not (plugins / name).is_symlink():
            (plugins / name).symlink_to(target)


def _browser(jars: Sequence[Jar]) -> Jar:
    return next(jar for jar in jars if jar.tag == "browser")


def _state(path: Path) -> list[int]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def _verified(jar: Jar, cache: Path, seen: Seen) -> bool:
    path = cache / jar.path
    return jar.path in seen and path.is_file() and seen[jar.path] == [jar.sha256, *_state(path)]


def _load(cache: Path) -> Seen:
    file = cache / _VERIFIED
    try:
        seen: Seen = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}  # nothing is known: everything is hashed again
    return seen


def _remember(jars: Sequence[Jar], cache: Path, seen: Seen) -> None:
    if not jars:
        return
    fresh: Seen = {jar.path: [jar.sha256, *_state(cache / jar.path)] for jar in jars}
    files.write(cache / _VERIFIED, json.dumps(seen | fresh).encode(), files.PUBLIC)
