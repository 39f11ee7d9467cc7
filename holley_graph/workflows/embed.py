"""Vectors for what came after the live release."""

from __future__ import annotations

from dataclasses import dataclass

from holley_graph.embeddings.inductive import write_inductive
from holley_graph.embeddings.table import add_inductive
from holley_graph.export.inputs import live_run
from holley_graph.graph.alone import in_home
from holley_graph.model.inference import cold_start
from holley_graph.progress import Progress, silent, step
from holley_graph.settings import Settings
from holley_graph.snapshot import extract
from holley_graph.workflows.connection import connect


@dataclass(frozen=True)
class EmbedReport:
    """What came.

    Attributes:
        run_id: the live release.
        new: vectors that were encoded, by table.
        written: vectors that were written into the graph, by table.
        unknown: names that the run does not know, by level; they have its mean.
    """

    run_id: str
    new: dict[str, int]
    written: dict[str, int]
    unknown: dict[str, list[str]]


def embed_new(settings: Settings, progress: Progress = silent) -> EmbedReport:
    """Give vectors to new products, vehicles, models and makes by the encoder of the live run."""
    with in_home(settings.home, "embed"), connect(settings, progress) as graph:
        run = live_run(graph, settings.home)
        snapshot = extract.take(graph, extract.options(settings.sync), progress)
        with step(progress, "encoding"):
            encoded = cold_start.encode(run, snapshot)
        new = {name: len(table.keys) for name, table in encoded.tables.items()} | {"lift": len(encoded.tables.lift)}
        if any(new.values()):
            add_inductive(encoded.tables, run)
        with step(progress, "writing vectors"):
            written = write_inductive(graph, run)
    return EmbedReport(run.name, new, written, encoded.unknown)
