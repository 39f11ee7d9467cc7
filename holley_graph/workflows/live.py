"""Which release is live in the graph. It needs no array, so that `runs` begins at once."""

from __future__ import annotations

from holley_graph.errors import ServerUnreachable
from holley_graph.evaluation import registry
from holley_graph.graph.client import Graph
from holley_graph.settings import Settings
from holley_graph.workflows.connection import connect


def follow(settings: Settings, graph: Graph) -> None:
    """Let the run registry name the release that the graph says is live."""
    registry.promote(settings.home / "runs", live_release(graph))


def live_release(graph: Graph) -> str | None:
    """Return the run that is live in a graph, or none."""
    live = graph.read("server/live_release")
    return live[0]["run_id"] if live else None


def follow_if_up(settings: Settings) -> None:
    """Do the same where a server answers; where none does, the registry says what was live when one last did."""
    try:
        with connect(settings) as graph:
            follow(settings, graph)
    except ServerUnreachable:
        return
