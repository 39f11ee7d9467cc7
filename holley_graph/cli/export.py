"""`export`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, progress, say, table
from holley_graph.cli.sync import Moment

if TYPE_CHECKING:
    from holley_graph.export.export import Report

ranker_option = click.option(
    "--ranker",
    type=click.Choice(["graph", "baseline", "hybrid", "universal"]),
    default="graph",
    show_default=True,
    help="Who ranks: the live release, baseline v5.18, both, or the live release among parts that fit very much.",
)


@click.command()
@click.option(
    "--out", "path", type=click.Path(path_type=Path), required=True, help="File: .csv, .parquet or .ndjson."
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
@click.option("--campaign", help="Divide people into arms and a hold-out; its name is the salt of the split.")
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
    help="With --campaign: share of people who are sent nothing; their rows say exposed = false.",
)
@click.option(
    "--generated-at",
    type=Moment(),
    help="What every row says of when it was made (default: now); the same time gives the same bytes.",
)
@json_option
@click.pass_obj
def export(
    context: Context,
    path: Path,
    layout: str,
    ranker: str,
    campaign: str | None,
    arms: tuple[str, ...],
    hold_out: float,
    generated_at: datetime | None,
    as_json: bool,
) -> None:
    """Rank for every user with a vehicle, outside the database, into one owner-only file with addresses."""
    from holley_graph.campaign.split import Split
    from holley_graph.export.export import export as run_export

    if arms and campaign is None:
        raise click.UsageError("--arm needs --campaign")
    if len(set(arms)) < len(arms):
        raise click.UsageError("two arms have the same ranker")
    split = None if campaign is None else Split(campaign, arms or (ranker,), hold_out)
    moment = generated_at or datetime.now(UTC).replace(microsecond=0)
    with context.graph() as graph, progress() as report:
        done = run_export(
            graph, context.settings, path, moment, ranker=ranker, layout=layout, split=split, progress=report
        )
    if as_json:
        print_json(done.as_dict())
    else:
        show(done)


def show(done: Report) -> None:
    """Print an export's report for a person."""
    rows = [
        ("users with a vehicle", done.owners),
        ("rows' addresses and vehicles", done.people),
        ("left out: too few parts", done.too_few),
        ("left out: another id answers", done.other_id),
    ]
    table(f"Export by {done.ranker}, {done.run_id}", ("what", "count"), rows)
    table("Answered by", ("tier", "parts"), list(done.sources.items()))
    say(f"{done.rows:,} rows in {done.path} after {done.seconds:.1f} s; it holds addresses: keep it to yourself")
