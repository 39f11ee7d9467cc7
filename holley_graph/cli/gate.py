"""The command `gate`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from holley_graph.amounts import counted
from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table, then
from holley_graph.cli.progress import progress
from holley_graph.cli.sync import EpochSeconds

if TYPE_CHECKING:
    from holley_graph.gate.gate import GateReport

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
@click.option("--as-of", type=EpochSeconds(), help="With --source: use only what is strictly before this time.")
@click.option("--html", "page_path", type=click.Path(path_type=Path), help="Also write the report as an HTML page.")
@json_option
@click.pass_context
def gate(
    ctx: click.Context,
    path: Path,
    previous: Path | None,
    source: str | None,
    as_of: int | None,
    page_path: Path | None,
    as_json: bool,
) -> None:
    """Check an export file against the source; exit code 1 when it must not be sent."""
    from holley_graph.gate.page import page
    from holley_graph.workflows.gate import check

    context: Context = ctx.obj
    with progress() as report:
        done = check(context.settings, path, source=source, as_of=as_of, previous=previous, progress=report)
    if page_path is not None:
        page_path.write_text(page(done), encoding="utf-8")
    if as_json:
        print_json(done.as_dict())
    else:
        show(done)
    if not done.passed:
        ctx.exit(1)


def show(done: GateReport) -> None:
    """Print the verdict and the offenders for a person."""
    from holley_graph.gate.page import result

    rows = [
        (check.severity, check.says, result(check), check.count)
        for check in done.checks
        if check.severity != "INFO"
    ]
    table(f"{done.path.name} against {done.source}", ("severity", "rule", "result", "offenders"), rows)
    for check in done.checks:
        if check.offenders and check.severity == "INFO":
            table(check.says, ("fact",), [(row["found"],) for row in check.offenders[:MOST_FACTS]])
        elif check.offenders:
            table(check.says, tuple(check.offenders[0]), [tuple(row.values()) for row in check.offenders])
    verdict = "may be sent" if done.passed else "must not be sent: a CRITICAL rule is broken"
    say(f"{done.path} {verdict} ({counted(done.rows, 'row')}, {done.seconds:.1f} s)")
    then(f"campaign {shlex.quote(str(done.path))} --treatments files:DIR" if done.passed else "status")
