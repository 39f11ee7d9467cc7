"""The connection that every command asks for, and what else it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holley_graph.graph.client import Graph
    from holley_graph.settings import Settings


def connect(settings: Settings) -> Graph:
    """Open the server of the settings: the one at `server.uri`, else the running embedded one of the home.

    Raises:
        ServerUnreachable: the embedded server is down, or nobody answers.
        ServerHangs: it does not answer in time.
        AuthFailed: it refuses the password.
    """
    from holley_graph.cli.progress import waiting
    from holley_graph.server.status import connect as open_server

    graph = open_server(settings)
    try:
        with waiting(f"Neo4j at {graph.uri} to answer"):
            graph.verify()
    except BaseException:
        graph.close()
        raise
    return graph


def follow(settings: Settings, graph: Graph) -> None:
    """Let the run registry name the release that the graph says is live."""
    from holley_graph.evaluation import registry

    live = graph.read("server/live_release")
    registry.promote(settings.home / "runs", live[0]["run_id"] if live else None)


def follow_if_up(settings: Settings) -> None:
    """Do the same where a server answers; where none does, the registry says what was live when one last did."""
    from holley_graph.errors import ServerUnreachable

    try:
        with connect(settings) as graph:
            follow(settings, graph)
    except ServerUnreachable:
        return
