"""Copies of the graph for training."""

from __future__ import annotations

from pathlib import Path

from holley_graph.progress import Progress, silent, step
from holley_graph.settings import Settings
from holley_graph.snapshot import extract, parcel
from holley_graph.workflows.connection import connect
from holley_graph.workflows.live import follow


def take_snapshot(settings: Settings, progress: Progress = silent) -> Path:
    """Keep a snapshot of the graph in the home; return its folder."""
    with connect(settings, progress) as graph:
        follow(settings, graph)
        snapshot = extract.take(graph, extract.options(settings.sync), progress)
    with step(progress, "keeping the snapshot"):
        return parcel.keep(snapshot, settings.home / "snapshots")
