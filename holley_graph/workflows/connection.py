"""The server of the settings, opened for a verb."""

from __future__ import annotations

from holley_graph.graph.client import Graph
from holley_graph.progress import Progress, long_step, silent
from holley_graph.server import status
from holley_graph.settings import Settings


def connect(settings: Settings, progress: Progress = silent) -> Graph:
    """Open the server of the settings: the one at `server.uri`, else the running embedded one of the home.

    Raises:
        ServerUnreachable: the embedded server is down, or nobody answers.
        ServerHangs: it does not answer in time.
        AuthFailed: it refuses the password.
    """
    graph = status.connect(settings)
    try:
        with long_step(progress, f"waiting for Neo4j at {graph.uri}"):
            graph.verify()
    except BaseException:
        graph.close()
        raise
    return graph
