"""The command `serve`."""

from __future__ import annotations

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import say


@click.command()
@click.pass_obj
def serve(context: Context) -> None:
    """Answer the queries of cypher/recommend/ over HTTP, read-only, until interrupted.

    Callers show a token and need no database password. The server listens on loopback unless the settings say
    otherwise. /openapi.json describes what can be asked.
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
