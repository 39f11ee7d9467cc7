"""Where an engine puts what memory does not hold: a folder of this process, which nobody else keeps alive.

It may hold addresses. It is its owner's only, gone at the end of the process, and what a killed one left is removed
by the next command.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path


@cache
def folder(home: Path) -> Path:
    """Make the folder of this process below `home/spill`; its lock says that somebody uses it."""
    root = home / "spill"
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    root.chmod(0o700)
    sweep(home)
    own = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=root))
    fcntl.flock(os.open(own, os.O_RDONLY), fcntl.LOCK_EX)  # the system drops it however the process ends
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
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)
