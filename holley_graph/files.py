"""Files that are written whole, hashed and locked.

A file or folder is written beside its place and put there when it is complete: a reader sees the old one or the new
one. What a killed process left beside a file, the next one that writes this file removes.
"""

from __future__ import annotations

import errno
import fcntl
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

PRIVATE, PUBLIC = 0o600, 0o666
"""Modes of a file: its owner's alone, or as far as the umask lets everybody."""
LARGEST = 1 << 28
"""Bytes of a file that is read into memory at once: a device like `/dev/zero` has no end."""
_PARTIAL = "partial"


@contextmanager
def replacing(path: Path, mode: int = PRIVATE, *, durable: bool = False) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends without an error.

    Args:
        path: its folder exists.
        mode: of the file, from its first byte on.
        durable: whether it is on the disk before it takes the place.
    """
    with _beside(path) as partial:
        with _created(partial, mode) as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)


def write(path: Path, content: bytes, mode: int = PRIVATE, *, durable: bool = False) -> None:
    """Put a file in its place in one step, whatever stands there."""
    with replacing(path, mode, durable=durable) as file:
        file.write(content)


def create(path: Path, content: bytes) -> None:
    """Make a private file, and its folder, unless the file is there; of two processes the first one's counts."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _beside(path) as partial:
        with _created(partial, PRIVATE) as file:
            file.write(content)
        with suppress(FileExistsError):
            path.hardlink_to(partial)


@contextmanager
def folder(path: Path) -> Iterator[Path]:
    """Make a private folder that takes its name when the block ends without an error."""
    partial = path.with_name(f"{path.name}.{_PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    try:
        yield partial
        partial.rename(path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content(path: Path, largest: int = LARGEST) -> bytes:
    """Return all bytes of a file, pipe or device.

    Raises:
        OSError: it cannot be read, or has more bytes than `largest`.
    """
    with path.open("rb") as file:
        read = file.read(largest + 1)
    if len(read) > largest:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return read


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[TextIO | None]:
    """Hold the lock of a file; the system drops it when its process ends, however it ends.

    Yields:
        The open file; None where another process holds the lock and nobody waits for it.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE), "r+", encoding="utf-8") as file:
        yield file if lock(file.fileno(), wait=wait) else None


def lock(descriptor: int, *, wait: bool = False) -> bool:
    """Lock an open file or folder until it is closed; say whether that was possible."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Name the file to write first; it is gone afterwards unless it was put in place."""
    for left in path.parent.glob(f"{glob.escape(path.name)}.*.{_PARTIAL}"):
        writer = left.name.removeprefix(f"{path.name}.").removesuffix(f".{_PARTIAL}")
        if writer.isdigit() and not _is_other_process(int(writer)):
            left.unlink(missing_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.{_PARTIAL}")
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _created(path: Path, mode: int) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb")


def _is_other_process(pid: int) -> bool:
    """Say whether another process that lives has this number."""
    import psutil  # takes its time, and something is left behind rarely

    return pid != os.getpid() and psutil.pid_exists(pid)
