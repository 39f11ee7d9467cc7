"""The command `gate`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.amounts import counted
from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table
from holley_graph.cli.progress import progress
from holley_graph.cli.sync import Moment

if TYPE_CHECKING:
    from holley_graph.gate.gate import Report
    from holley_graph.settings import Settings
    from loaders.source import Source
    from loaders.taken import Taken

MOST_FACTS = 20
"""Facts that fit a screen; JSON and the page have all."""

Existing = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("path", metavar="FILE", type=Existing)
@click.option("--previous", type=Existing, help="Previous export file, to compare with.")
@click.option(
    "--source",
    metavar="bigquery|files:DIR|csv:DIR",
    help="Check against raw tables, read anew (default: the last sync and its source).",
)
@click.option("--as-of", type=Moment(), help="With --source: use only what is strictly before this time.")
@click.option("--html", "page_path", type=click.Path(path_type=Path), help="Also write the report as an HTML page.")
@json_option
@click.pass_context
def gate(
    ctx: click.Context,
    path: Path,
    previous: Path | None,
    source: str | None,
    as_of: datetime | None,
    page_path: Path | None,
    as_json: bool,
) -> None:
    """Check an export file against the source; exit code 1 when it must not be sent."""
    from holley_graph.gate.gate import check
    from holley_graph.gate.page import page

    context: Context = ctx.obj
    with progress() as report:
        if source is not None:
            tables, moment, named = _raw(context, source, as_of, report)
        else:
            tables, moment, named = synced(context, report)
        done = check(tables, path, context.settings, moment, named, previous=previous, progress=report)
    if page_path is not None:
        page_path.write_text(page(done), encoding="utf-8")
    if as_json:
        print_json(done.as_dict())
    else:
        show(done)
    if not done.passed:
        ctx.exit(1)


def _raw(context: Context, source: str, as_of: datetime | None, report: Any) -> tuple[Any, int, str]:
    """Read raw tables anew, as a sync of that time would, and then as the gate reads them."""
    from holley_graph.cli.sync import open_source
    from holley_graph.gate import tables
    from loaders.sync import default_as_of

    moment = as_of or default_as_of()
    connection = tables.of_source(open_source(source, context.settings), context.settings, moment, report)
    tables.see(connection, open_source(source, context.settings), context.settings, moment, report)
    return connection, int(moment.timestamp()), source


def synced(context: Context, report: Any) -> tuple[Any, int, str]:
    """Open what the graph last took, and ask the source of that sync: the tables, their time, and a name."""
    from holley_graph.gate import tables

    taken = last_sync(context)
    connection = tables.of_sync(taken, context.settings)
    tables.see(connection, source_of(taken, context.settings), context.settings, taken.moment, report)
    return connection, taken.as_of, f"sync {taken.path.name} and {taken.source}"


def last_sync(context: Context) -> Taken:
    """Open the tables that the graph last took."""
    from holley_graph.export import sources

    with context.graph() as graph:
        return sources.last_sync(graph, context.settings.home)


def source_of(taken: Taken, settings: Settings) -> Source:
    """Open the raw tables that a sync read.

    Raises:
        GraphStateError: they are not where they were.
    """
    from holley_graph.cli.sync import open_source
    from holley_graph.errors import GraphStateError

    if taken.source.startswith("bigquery:"):
        source = open_source("bigquery", settings)
        there = source.name == taken.source
    else:
        folder = taken.source.removeprefix("csv:")
        source = open_source(taken.source if folder != taken.source else f"files:{folder}", settings)
        there = Path(folder).is_dir()
    if there:
        return source
    hint = f"holley-graph gate FILE --source files:DIR --as-of {taken.moment:%Y-%m-%dT%H:%M:%SZ}"
    raise GraphStateError(f"the last sync read {taken.source}, but the settings now name another source", hint)


def show(done: Report) -> None:
    """Print the verdict and the offenders for a person."""
    from holley_graph.gate.page import result

    rows = [(each.severity, each.says, result(each), each.count) for each in done.checks if each.severity != "INFO"]
    table(f"{done.path.name} against {done.source}", ("severity", "rule", "result", "offenders"), rows)
    for each in done.checks:
        if each.offenders and each.severity == "INFO":
            table(each.says, ("fact",), [(row["found"],) for row in each.offenders[:MOST_FACTS]])
        elif each.offenders:
            table(each.says, tuple(each.offenders[0]), [tuple(row.values()) for row in each.offenders])
    verdict = "may be sent" if done.passed else "must not be sent: a CRITICAL rule is broken"
    say(f"{done.path} {verdict} ({counted(done.rows, 'row')}, {done.seconds:.1f} s)")
