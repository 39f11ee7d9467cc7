"""What a process and its children hold, take of the cores, and leave on disk."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

import psutil


def cpu() -> float:
    """Seconds on a core of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def held(process: psutil.Process) -> int:
    """Bytes that a process and its children hold and share with nobody."""
    total = 0
    with contextlib.suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
                memory = one.memory_info()
                total += memory.rss - memory.shared
    return total


def size_of(folder: Path) -> int:
    """Bytes of a folder on disk."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.lstat().st_blocks * 512
    return total


def gib(size: int) -> float:
    """Bytes in GiB, to three decimals."""
    return round(size / 2**30, 3)
