"""Source tables into the graph, what that would cost, and what became of rejected rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from holley_graph import journal
from holley_graph.graph import bulk
from holley_graph.loaders import deadletter, feeds
from holley_graph.loaders import sync as room
from holley_graph.loaders.report import SyncReport
from holley_graph.loaders.source import Cost
from holley_graph.loaders.sync import BulkLoad
from holley_graph.progress import Progress, silent, step
from holley_graph.server import admin, lifecycle
from holley_graph.server.layout import Layout
from holley_graph.settings import Settings
from holley_graph.times import moment, seconds
from holley_graph.workflows.connection import connect
from holley_graph.workflows.sources import open_source


def sync(
    settings: Settings,
    source: str,
    as_of: int | None = None,
    *,
    since_last: bool = False,
    dry_run: bool = False,
    tables_only: bool = False,
    progress: Progress = silent,
) -> SyncReport:
    """Make the graph hold what a source says; an empty embedded store is filled by the offline import.

    The arguments are those of `loaders.sync.sync`.
    """
    raw = open_source(source, settings)  # first, so that a mistake in its name needs no server to be told
    with connect(settings, progress) as graph:
        done = room.sync(
            raw,
            graph,
            settings,
            as_of=as_of,
            bulk=offline_import(settings, progress) if settings.server.uri is None else None,
            since_last=since_last,
            dry_run=dry_run,
            tables_only=tables_only,
            progress=progress,
        )
    if not dry_run:
        facts = {"run_id": done.run_id, "mode": done.mode, "rejected": _rejected(done), "seconds": done.seconds}
        journal.note(settings.home, "sync", {**facts, "as_of": moment(done.as_of).isoformat(), "source": source})
    return done


def _rejected(done: SyncReport) -> dict[str, int]:
    """Count rejected rows per feed."""
    return {feed["name"]: count for feed in done.feeds if (count := sum(feed["rejected"].values()))}


def costs(settings: Settings, source: str, as_of: int | None, *, since_last: bool) -> tuple[Cost, ...]:
    """Say what the queries of such a sync read; none is run."""
    raw = open_source(source, settings)
    with connect(settings) as graph:
        return room.costs(raw, graph, settings, as_of=as_of, since_last=since_last)


def offline_import(settings: Settings, progress: Progress = silent) -> BulkLoad:
    """Fill the empty embedded store: down, import, up; a store that cannot be finished is emptied again."""

    def load(tables: Mapping[str, pa.Table], finish: Callable[[], None]) -> None:
        layout = Layout.of(settings)
        with TemporaryDirectory(dir=layout.temporary) as folder:
            with step(progress, "writing files to import"):
                nodes, relationships = bulk.write_import_files(tables, Path(folder))
            with step(progress, "stopping Neo4j"):
                lifecycle.down(settings)
            try:
                with step(progress, "Neo4j's offline import"):
                    admin.import_offline(layout, settings.server.jar_cache, nodes, relationships)
            finally:
                lifecycle.up(settings, progress)
        try:
            finish()
        except BaseException:
            lifecycle.down(settings)
            admin.empty(layout)
            lifecycle.up(settings)
            raise

    return load


def replay(settings: Settings, run_id: str, source: str, progress: Progress = silent) -> list[dict[str, Any]]:
    """Read a source as of the time of a sync, and say which of its rejected rows are still rejected."""
    run = deadletter.of_run(settings.home, run_id)
    as_of = seconds(run["as_of"])
    extracted = feeds.extract(open_source(source, settings), settings, as_of, progress)
    try:
        return deadletter.replay(settings.home, run_id, extracted)
    finally:
        extracted.close()
