"""How a person is named: by user id, or by an address that stands on no command line and in no graph."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from holley_graph.graph.client import Graph
    from holley_graph.settings import Settings


def _spelled(ctx: click.Context, _: click.Parameter, email: str | None) -> str | None:
    """Return the address that was typed, as it is hashed; `-` asks for it, or reads a line of standard input.

    Raises:
        SettingsError: it is no address. The message does not repeat it.
    """
    from holley_graph.loaders import identity

    if email is None or ctx.resilient_parsing:  # a shell completes the line
        return email
    if email == "-":
        email = click.prompt("email", err=True) if sys.stdin.isatty() else sys.stdin.readline()
    return identity.spelled_email(email)


user_option = click.option("--user", "user_id", metavar="ID", help="The person's user id.")
email_option = click.option(
    "--email",
    metavar="ADDRESS|-",
    callback=_spelled,
    help="The person's email; - asks for it, so that no process list shows it.",
)


def one_of(user_id: str | None, email: str | None) -> None:
    """Refuse a person who is named twice or not at all."""
    if (user_id is None) == (email is None):
        raise click.UsageError("give either --user or --email")


def known_id(graph: Graph, settings: Settings, user_id: str | None, email: str | None) -> str:
    """Return the user id to answer for, as the graph has it; of several with one address the one with a vehicle.

    Raises:
        NotFound: nobody has this address.
    """
    from holley_graph.find import find
    from holley_graph.loaders import identity

    if email is None:
        return identity.as_kept(settings, str(user_id))
    rows = find.people_by_email(graph, identity.hashed_email(settings, email))
    if len(rows) > 1:
        click.echo(f"{len(rows)} user ids have this email; this is {rows[0]['user_id']}", err=True)
    return str(rows[0]["user_id"])
