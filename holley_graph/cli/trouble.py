"""Names what no room turned into an error of its own, so that a person reads one line with a documented code."""

from __future__ import annotations

import errno

from holley_graph.errors import DiskFull, EngineFailed, ExtraMissing, FileRefused, HolleyGraphError

ENGINES = ("duckdb", "_duckdb", "pyarrow")
"""Libraries whose errors are the tables' or the machine's, not a person's."""

OF_EXTRA = dict.fromkeys(("torch", "torch_geometric", "optuna", "safetensors", "jaxtyping"), "train")
"""Packages that are not there unless somebody asked for them, and the extra that brings each."""


def of(error: Exception) -> HolleyGraphError:
    """Return the error that a person is shown."""
    if isinstance(error, HolleyGraphError):
        return error
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in OF_EXTRA:
        package = str(error.name).partition(".")[0]
        extra = f"holley-graph[{OF_EXTRA[package]}]"
        return ExtraMissing(f"this command needs {package}, which is not installed", f"pip install '{extra}'")
    if isinstance(error, OSError) and error.errno is not None:
        return _of_system(error)
    first = (str(error).splitlines() or [""])[0]
    if type(error).__module__.partition(".")[0] in ENGINES:
        if "No space left" in first:
            return DiskFull(first, "free some, then run the same command again")
        return EngineFailed(first, "raise sync.memory_mb if it is short of memory; --debug shows the rest")
    return HolleyGraphError(
        f"unexpected {type(error).__name__}: {first}", "--debug shows where; it is a fault of this tool: report it"
    )


def _of_system(error: OSError) -> HolleyGraphError:
    if error.errno == errno.ENOSPC:
        where = f" at {error.filename}" if error.filename else ""
        return DiskFull(f"no space left on the device{where}", "free some, then run the same command again")
    where = f"{error.filename}: " if error.filename else ""
    return FileRefused(f"{where}{error.strerror}", "check the path, its owner and its rights")
