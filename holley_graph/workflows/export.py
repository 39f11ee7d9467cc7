"""One file with everybody's parts, and its way into BigQuery."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from holley_graph import journal
from holley_graph.campaign.split import Split
from holley_graph.export import everybody as room
from holley_graph.gate.gate import GateReport
from holley_graph.loaders.bigquery import target, warehouse
from holley_graph.loaders.bigquery.target import Loaded
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings
from holley_graph.workflows import gate
from holley_graph.workflows.connection import connect


def export(
    settings: Settings,
    path: Path,
    generated_at: datetime,
    *,
    ranker: str = "graph",
    layout: str = "wide",
    split: Split | None = None,
    paths: bool = False,
    one_per_email: bool = False,
    preview: Path | None = None,
    engine: str = "local",
    progress: Progress = silent,
) -> room.ExportReport:
    """Rank parts for everybody and write the file.

    The arguments are those of `export.everybody.export`, but for `engine`: `local`, or `bigquery`, which ranks.
    """
    with ExitStack() as opened:
        graph = opened.enter_context(connect(settings, progress))
        there = None if engine == "local" else opened.enter_context(warehouse.opened(settings, progress))
        done = room.export(
            graph,
            settings,
            path,
            generated_at,
            ranker=ranker,
            layout=layout,
            split=split,
            paths=paths,
            one_per_email=one_per_email,
            preview=preview,
            warehouse=there,
            progress=progress,
        )
    journal.note(settings.home, "export", {"file": path.name, "ranker": done.ranker, "rows": done.rows})
    return done


def send(
    settings: Settings, path: Path, table: str, *, append: bool = False, progress: Progress = silent
) -> tuple[GateReport, Loaded | None]:
    """Load a file into a table of BigQuery if it passes the gate.

    Args:
        settings: of BigQuery and the gate.
        path: a wide Parquet file.
        table: DATASET.TABLE.
        append: instead of replacing its rows.
        progress: told about every check.

    Returns:
        What the gate says, and what was sent; nothing was if a CRITICAL rule is broken.
    """
    verdict = gate.check(settings, path, progress=progress)
    if not verdict.passed:
        return verdict, None
    run_id = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-export"
    return verdict, target.load(settings, path, table, run_id, replace=not append)
