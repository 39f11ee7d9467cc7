"""The command `export`."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.amounts import counted
from holley_graph.cli import Context
from holley_graph.cli.console import facts, json_option, print_json, say, then
from holley_graph.cli.progress import progress
from holley_graph.cli.sync import Moment

if TYPE_CHECKING:
    from holley_graph.export.everybody import ExportReport

ranker_option = click.option(
    "--ranker",
    type=click.Choice(["graph", "baseline", "hybrid", "universal"]),
    default="graph",
    show_default=True,
    help="The live release, baseline v5.18, both, or the live release among the parts that fit the most vehicles.",
)


@click.command()
@click.option(
    "--out",
    "path",
    type=click.Path(path_type=Path),
    required=True,
    help="File to write: .csv, .parquet or .ndjson.",
)
@click.option(
    "--format",
    "layout",
    type=click.Choice(["wide", "long"]),
    default="wide",
    show_default=True,
    help="A row per address and vehicle, or a row per part.",
)
@ranker_option
@click.option("--campaign", help="Divide people into arms and a hold-out; the name is the salt of the split.")
@click.option(
    "--arm",
    "arms",
    multiple=True,
    type=click.Choice(["graph", "baseline", "hybrid", "universal"]),
    help="With --campaign: the ranker of an arm; name several (default: one arm of --ranker).",
)
@click.option(
    "--hold-out",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="With --campaign: share of people who are sent nothing. Their rows go into FILE.hold-out.SUFFIX.",
)
@click.option(
    "--one-per-email",
    is_flag=True,
    help="One row per email: for the vehicle that the person named last and that enough parts fit.",
)
@click.option(
    "--preview",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write an HTML page with what some typical people would get. It has no addresses.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "bigquery"]),
    default="local",
    show_default=True,
    help="Where people are ranked: on this machine, or in BigQuery, by the live release alone.",
)
@click.option("--paths", is_flag=True, help="Add each part's path in the graph, in columns rec1_path and so on.")
@click.option(
    "--generated-at",
    type=Moment(),
    help="Time in the column generated_at (default: now); the same time gives the same bytes.",
)
@click.option(
    "--to",
    "target",
    metavar="bigquery:DATASET.TABLE",
    help="Also load the file into this table if it passes `gate`; --out must be wide Parquet.",
)
@click.option("--append", is_flag=True, help="With --to: append to the table instead of replacing its rows.")
@json_option
@click.pass_context
def export(
    ctx: click.Context,
    path: Path,
    layout: str,
    ranker: str,
    campaign: str | None,
    arms: tuple[str, ...],
    hold_out: float,
    one_per_email: bool,
    engine: str,
    paths: bool,
    preview: Path | None,
    generated_at: datetime | None,
    target: str | None,
    append: bool,
    as_json: bool,
) -> None:
    """Rank parts for every user with a vehicle and write one file with email addresses."""
    from holley_graph.campaign.split import Split
    from holley_graph.workflows import export as workflow

    context: Context = ctx.obj
    if target is not None and (not target.startswith("bigquery:") or path.suffix != ".parquet" or layout != "wide"):
        raise click.UsageError("--to is bigquery:DATASET.TABLE, and --out a .parquet file in the wide format")
    if preview and layout != "wide":
        raise click.UsageError("--preview needs the wide format")
    if arms and campaign is None:
        raise click.UsageError("--arm needs --campaign")
    if len(set(arms)) < len(arms):
        raise click.UsageError("two arms have the same ranker")
    split = None if campaign is None else Split(campaign, arms or (ranker,), hold_out)
    moment = generated_at or datetime.now(UTC).replace(microsecond=0)
    with progress() as report:
        done = workflow.export(
            context.settings, path, moment, ranker=ranker, layout=layout, split=split, paths=paths,
            one_per_email=one_per_email, preview=preview, engine=engine, progress=report,
        )  # fmt: skip
    sent = send(ctx, done.path, target.removeprefix("bigquery:"), append) if target is not None else None
    if as_json:
        print_json(done.as_dict() | ({"sent": sent} if sent else {}))
    else:
        show(done)
        if sent:
            say(f"{sent['rows']:,} rows {'added to' if append else 'are now'} {sent['table']}")


def send(ctx: click.Context, path: Path, table: str, append: bool) -> dict[str, Any]:
    """Load a file into BigQuery; a broken CRITICAL rule of the gate ends the command with exit code 1 instead."""
    from dataclasses import asdict

    from holley_graph.cli.gate import show as show_gate
    from holley_graph.workflows import export as workflow

    context: Context = ctx.obj
    with progress() as report:
        verdict, sent = workflow.send(context.settings, path, table, append=append, progress=report)
    if sent is None:
        show_gate(verdict)
        ctx.exit(1)
    return asdict(sent)


def show(done: ExportReport) -> None:
    """Print an export's report for a person."""
    rows = [
        ("users with a vehicle", done.owners),
        ("rows' addresses and vehicles", done.people),
        ("left out: too few parts", done.too_few),
        ("left out: another id has the row", done.other_id),
    ]
    facts(f"Export by {done.ranker}, {done.run_id}", rows)
    facts("Parts by who answered", list(done.tiers.items()))
    say(f"{counted(done.rows, 'row')} in {done.path} after {done.seconds:.1f} s")
    say("the file holds email addresses: keep it private")
    if done.hold_out:
        say(f"{counted(done.hold_out_rows, 'row')} of the hold-out in {done.hold_out}: do not send them anything")
    then(f"gate {shlex.quote(str(done.path))}")
