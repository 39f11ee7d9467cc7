"""An export file, held against the source."""

from __future__ import annotations

from pathlib import Path

from holley_graph import journal
from holley_graph.export import inputs
from holley_graph.gate import gate, tables
from holley_graph.gate.gate import GateReport
from holley_graph.loaders.sync_tables import SyncTables
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
    as_of: int | None = None,
    previous: Path | None = None,
    progress: Progress = silent,
) -> GateReport:
    """Check an export file.

    Args:
        settings: where the server and the home are, and the limits.
        path: the file.
        source: raw tables to read anew; none: the tables of the last sync, and the prices, images and orders of its
            source.
        as_of: with `source`, exclusive; none: today's midnight.
        previous: the file that was sent before.
        progress: told about every check.
    """
    if source is None:
        sync_tables = last_sync(settings, progress)
        as_of, name = sync_tables.as_of, f"sync {sync_tables.path.name} and {sync_tables.source}"
        clean = tables.of_sync(sync_tables, settings)
        raw = source_of(sync_tables, settings)
    else:
        as_of, name = last_midnight() if as_of is None else as_of, source
        clean = tables.of_source(open_source(source, settings), settings, as_of, progress)
        raw = open_source(source, settings)
    seen = tables.see(clean, raw, settings, as_of, progress)
    done = gate.check(seen, path, settings, as_of, name, previous=previous, progress=progress)
    failed = [finding.name for finding in done.checks if finding.passed is False]
    facts = {"file": path.name, "rows": done.rows, "passed": done.passed, "failed": failed}
    journal.note(settings.home, "gate", facts)
    return done


def last_sync(settings: Settings, progress: Progress = silent) -> SyncTables:
    """Open the tables that the graph last took."""
    with connect(settings, progress) as graph:
        return inputs.last_sync(graph, settings.home)
