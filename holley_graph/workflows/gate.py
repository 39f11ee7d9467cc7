"""An export file, held against the source."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from holley_graph import journal
from holley_graph.export import sources
from holley_graph.gate import gate, tables
from holley_graph.gate.gate import Report
from holley_graph.loaders.taken import Taken
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings
from holley_graph.times import last_midnight
from holley_graph.workflows.connection import connect
from holley_graph.workflows.sources import open_source, source_of


def check(
    settings: Settings,
    path: Path,
    *,
    source: str | None = None,
    as_of: datetime | None = None,
    previous: Path | None = None,
    progress: Progress = silent,
) -> Report:
    """Check an export file.

    Args:
        settings: where the server and the home are, and the limits.
        path: the file.
        source: raw tables to read anew; none: the tables of the last sync, and the prices, images and orders of its
            source.
        as_of: with `source`, exclusive; none: today's midnight.
        previous: the file of the release before.
        progress: told about every check.
    """
    if source is None:
        taken = last_sync(settings, progress)
        moment, name = taken.moment, f"sync {taken.path.name} and {taken.source}"
        clean = tables.of_sync(taken, settings)
        raw = source_of(taken, settings)
    else:
        moment, name = as_of or last_midnight(), source
        clean = tables.of_source(open_source(source, settings), settings, moment, progress)
        raw = open_source(source, settings)
    seen = tables.see(clean, raw, settings, moment, progress)
    end = int(moment.timestamp())
    done = gate.check(seen, path, settings, end, name, previous=previous, progress=progress)
    failed = [each.name for each in done.checks if each.passed is False]
    facts = {"file": path.name, "rows": done.rows, "passed": done.passed, "failed": failed}
    journal.note(settings.home, "gate", facts)
    return done


def last_sync(settings: Settings, progress: Progress = silent) -> Taken:
    """Open the tables that the graph last took."""
    with connect(settings, progress) as graph:
        return sources.last_sync(graph, settings.home)
