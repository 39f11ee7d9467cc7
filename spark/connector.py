"""Bring the connector's jar into the cache of the server's jars; print where it is.

python spark/connector.py
"""

from __future__ import annotations

from pathlib import Path

from holley_graph.progress import silent
from holley_graph.server import jars, lock
from holley_graph.settings import Server, load

LOCK = Path(__file__).with_name("connector.lock")


def fetch(server: Server) -> Path:
    """Download the jar if it is not there.

    Raises:
        JarMissing, ChecksumDiffers, DiskFull: it could not be had as the lock file wants it.
    """
    wanted = lock.read(LOCK)
    jars.fetch(wanted, server.jar_cache, server.maven_url, silent)
    return server.jar_cache / wanted[0].path


if __name__ == "__main__":
    print(fetch(load().server))
