"""Where an engine puts what memory does not hold: a folder of this process, which nobody else keeps alive.

It may hold addresses. It is its owner's only, gone at the end of the process, and what a killed one left is removed
by the next command.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from holley_graph import files


@cache
def folder(home: Path) -> Path:
    """Make the folder of this process below `home/spill`; its lock says that somebody uses it."""
    root = home / "spill"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    root.chmod(0o700)
    sweep(home)
    own = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root))
    files.lock(os.open(own, os.O_RDONLY))  # until the process ends
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return own


def sweep(home: Path) -> None:
    """Remove what processes that are no more have left."""
    for path in sorted((home / "spill").glob("*")):
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue  # its owner has just ended
        try:
            if files.lock(handle):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        finally:
            os.close(handle)
