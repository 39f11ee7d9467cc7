"""The command `serve`."""

from __future__ import annotations

import sys

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import say


@click.command()
@click.pass_obj
def serve(context: Context) -> None:
    """Answer over HTTP, read-only, until interrupted: a page for people, and the queries for programs.

    Callers show a token and need no database password. The server listens on loopback unless the settings say
    otherwise. /docs describes the queries. /health says how the server is, and /metrics is for Prometheus.
    """
    from holley_graph.server.status import address
    from holley_graph.web import serve as door
    from holley_graph.web.token import token, token_file

    settings = context.settings
    at = address(settings)
    door.refuse_plaintext(settings)
    token(settings)
    say(f"http://{settings.serve.host}:{settings.serve.port}/ (token in {token_file(settings)})")
    sys.stdout.flush()  # a program that starts it waits for this line
    door.serve(settings, at)
