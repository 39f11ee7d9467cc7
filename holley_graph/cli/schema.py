"""The command `migrate`."""

from __future__ import annotations

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, table, then


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what is pending, apply nothing.")
@json_option
@click.pass_obj
def migrate(context: Context, dry_run: bool, as_json: bool) -> None:
    """Show pending schema migrations and apply them; an edited one is refused.

    `sync` does the same before it writes, so use this to look first.
    """
    from holley_graph.graph import migrations

    with context.graph() as graph:
        todo = {m.version for m in (migrations.pending(graph) if dry_run else migrations.apply(graph))}
    state = "pending" if dry_run else "applied now"
    rows = [
        {"version": m.version, "name": m.name, "state": state if m.version in todo else "applied"}
        for m in migrations.available()
    ]
    if as_json:
        print_json({"migrations": rows})
    else:
        table("Migrations", ("version", "name", "state"), [list(row.values()) for row in rows])
        if dry_run and todo:
            then("migrate")
