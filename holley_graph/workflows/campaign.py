"""What became of a campaign."""

from __future__ import annotations

from pathlib import Path

from holley_graph.campaign import outcome
from holley_graph.loaders.engine.engine import Engine
from holley_graph.settings import Settings
from holley_graph.workflows.gate import last_sync


def read_back(settings: Settings, path: Path, treatments: Path) -> outcome.CampaignReport:
    """Count clicks and orders per arm of an export, as the last sync knows them.

    Args:
        settings: where the server and the home are.
        path: the export file.
        treatments: folder with the table of what was sent and clicked.
    """
    sync_tables = last_sync(settings)
    with Engine(settings) as engine:
        return outcome.read_back(engine, sync_tables.clean_files(), path, treatments, settings, sync_tables.as_of)
