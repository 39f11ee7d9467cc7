"""The command `night`."""

from __future__ import annotations

from typing import Any

import rich_click as click

from holley_graph.amounts import duration
from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table, then
from holley_graph.cli.progress import progress
from holley_graph.cli.sync import as_of_option


@click.command()
@click.option("--source", metavar="bigquery|files:DIR|csv:DIR", help="Where the raw tables are, as for sync.")
@click.option(
    "--to",
    metavar="FILE|bigquery:DATASET.TABLE",
    help="Where the file goes when it has passed the gate: a .csv, .parquet or .ndjson file, or a table.",
)
@as_of_option
@click.option("--again", is_flag=True, help="Begin this night anew, whatever was done of it.")
@click.option("--history", is_flag=True, help="List the nights, and do nothing.")
@json_option
@click.pass_context
def night(
    ctx: click.Context,
    source: str | None,
    to: str | None,
    as_of: int | None,
    again: bool,
    history: bool,
    as_json: bool,
) -> None:
    """Sync, train, evaluate, write back, export, gate, and put the file where it goes.

    Each step is remembered. If the command was stopped, the same command goes on; of a night that has ended it does
    nothing. Exit code 1 (no-go, or the gate said no) or 19 (too little to say): the release of before is live, and
    the file is yesterday's.
    """
    context: Context = ctx.obj
    if history:
        _history(context, as_json)
        return
    if source is None or to is None:
        raise click.UsageError("night needs --source and --to, or --history")
    from holley_graph.workflows.night import night as run_night

    with progress() as report:
        done = run_night(context.settings, source, to, as_of, again=again, progress=report)
    if as_json:
        print_json(done.document | {"path": done.folder})
    else:
        _show(done.document)
        say(f"report: {done.folder / 'report.html'}")
        then("night --history")
    ctx.exit(done.exit_code)


def _show(document: dict[str, Any]) -> None:
    from holley_graph.night.page import did, sentence

    steps = document["steps"].items()
    rows = [(name, duration(result["seconds"]), did(name, result)) for name, result in steps]
    table(f"Night of {document['as_of'][:10]}: {document['outcome']}", ("step", "took", "what it did"), rows)
    for reason in document["steps"].get("evaluate", {"reasons": []})["reasons"]:
        say(reason)
    say(sentence(document))


def _history(context: Context, as_json: bool) -> None:
    from holley_graph.night import page, record

    nights = record.history(context.settings.home)
    if as_json:
        print_json({"nights": nights})
    else:
        table("Nights", page.COLUMNS, [page.row(document) for document in nights])
