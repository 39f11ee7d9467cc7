"""The command `forget`."""

from __future__ import annotations

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table


@click.command()
@click.option("--user", "user_id", required=True, help="Any user id of the person; all of the same address go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def forget(ctx: click.Context, user_id: str, yes: bool, as_json: bool) -> None:
    """Remove a person from graph, parcels, dead letters and exports, and search for what is left."""
    from holley_graph.forget.forget import forget as forget_person

    context: Context = ctx.obj
    if not yes:
        click.confirm(f"Remove user {user_id} for good?", abort=True, err=True)
    with context.graph() as graph:
        done = forget_person(graph, context.settings, user_id)
    if as_json:
        print_json(done.as_dict())
    else:
        gone = [("nodes of the graph", done.nodes), *done.rows.items(), ("vectors of runs", done.vectors)]
        table(
            f"Forgotten: {', '.join(done.user_ids)}", ("where", "removed"), [*gone, ("snapshots", done.snapshots)]
        )
        for path in done.missing:
            say(f"already gone, look for copies: {path}")
        left = f"still found in: {', '.join(done.found)}" if done.found else "nothing is left"
        say(f"searched {done.searched:,} places: {left}")
    if done.found:
        ctx.exit(1)
