"""The command `forget`."""

from __future__ import annotations

import rich_click as click

from holley_graph.amounts import counted
from holley_graph.cli import Context
from holley_graph.cli.console import facts, json_option, print_json, say
from holley_graph.cli.person import email_option, one_of, user_option


@click.command()
@user_option
@email_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def forget(ctx: click.Context, user_id: str | None, email: str | None, yes: bool, as_json: bool) -> None:
    """Remove a person from graph, parcels, dead letters and exports, and search for what is left.

    All user ids of the same address go, whichever of them is named.
    """
    from holley_graph.forget.forget import forget as forget_person
    from holley_graph.server import pages

    context: Context = ctx.obj
    one_of(user_id, email)
    if not yes:
        whom = f"user {user_id}" if user_id else "the person with this email"
        click.confirm(f"Remove {whom} for good?", abort=True, err=True)
    with context.graph() as graph:
        done = forget_person(graph, context.settings, user_id, email=email)
    pages.guide_file(context.settings).unlink(missing_ok=True)  # it names a typical user
    if as_json:
        print_json(done.as_dict())
    else:
        removed = [("nodes of the graph", done.nodes), *done.rows.items(), ("vectors of runs", done.vectors)]
        facts(f"Removed of {', '.join(done.user_ids)}", [*removed, ("snapshots", done.snapshots)])
        for path in done.missing:
            say(f"already gone, look for copies: {path}")
        left = f"still found in: {', '.join(done.found)}" if done.found else "nothing is left"
        say(f"searched {counted(done.searched, 'place')}: {left}")
    if done.found:
        ctx.exit(1)
