"""Neo4j's driver, imported without numpy, pandas and pyarrow.

It imports them where they are installed, only to take their values as parameters, which nobody here gives it. That
would cost every command more than a second.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

UNUSED = ("numpy", "pandas", "pyarrow")


@contextmanager
def _without(packages: tuple[str, ...]) -> Iterator[None]:
    """Let packages that are not imported yet look as if they were not installed."""
    hidden = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _without(UNUSED):
    import neo4j as neo4j
    from neo4j import exceptions as driver_errors

__all__ = ["driver_errors", "neo4j"]
