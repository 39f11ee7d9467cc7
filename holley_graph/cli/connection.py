"""The connection that every command asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holley_graph.graph.client import Graph
    from holley_graph.settings import Settings


def connect(settings: Settings) -> Graph:
    """Open the server of the settings: the one at `server.uri`, else the running embedded one of the home.

    Raises:
        ServerUnreachable: the embedded server is down.
    """
    from holley_graph.server.status import connect as open_server

    return open_server(settings)
