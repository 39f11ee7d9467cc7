"""Processes that are copies of one that has imported much and ran nothing of it.

A copy of a process that ran torch or DuckDB has their locks and not their threads: it may crash or wait for ever.
"""

from __future__ import annotations

import multiprocessing

CLEAN = multiprocessing.get_context("forkserver")
_modules: list[str] = []


def import_before(*modules: str) -> None:
    """Name modules that the first process imports, so that its copies need not; called before the first copy."""
    _modules.extend(modules)
    CLEAN.set_forkserver_preload(_modules)
