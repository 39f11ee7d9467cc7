"""The command `serve`."""

from __future__ import annotations

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import say


@click.command()
@click.pass_obj
def serve(context: Context) -> None:
    """Answer the queries of cypher/recommend/ over HTTP, read-only, until interrupted.

    For tooling that should not hold the database password: callers show the token of a file instead. On loopback,
    unless the settings say otherwise; what can be asked is described at /openapi.json.
    """
    from holley_graph.server.status import address
    from holley_graph.web import serve as door
    from holley_graph.web.token import token, token_file

    settings = context.settings
    at = address(settings)
    door.refuse_plaintext(settings)
    token(settings)
    say(f"http://{settings.serve.host}:{settings.serve.port}/openapi.json (token in {token_file(settings)})")
    door.serve(settings, at)
