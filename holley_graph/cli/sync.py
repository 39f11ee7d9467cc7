"""The commands `plan` and `sync`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.amounts import size
from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table, then
from holley_graph.cli.progress import progress
from holley_graph.times import moment

if TYPE_CHECKING:
    from holley_graph.loaders.report import SyncReport


class Moment(click.ParamType[datetime]):
    """A time as ISO 8601; without a zone it is UTC, a bare date is its midnight."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Parse one."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2026-01-31 or 2026-01-31T12:00:00Z", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class EpochSeconds(click.ParamType[int]):
    """A `Moment` in whole epoch seconds, as `as_of` is everywhere."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse one."""
        return value if isinstance(value, int) else int(Moment().convert(value, param, ctx).timestamp())


source_option = click.option(
    "--source",
    required=True,
    metavar="bigquery|files:DIR|csv:DIR",
    help="The five raw tables in BigQuery or in a folder of Parquet files, or a folder with lists of your own.",
)


as_of_option = click.option(
    "--as-of",
    type=EpochSeconds(),
    help="Use only what is strictly before this time (default: today's midnight, UTC).",
)
since_option = click.option(
    "--since-last/--full",
    default=False,
    help="Read only events since the last sync and some days before it; --full reads all and finds deletions.",
)


@click.command()
@source_option
@as_of_option
@since_option
@click.option(
    "--dry-run", is_flag=True, help="Write nothing and say what would change; queries are run and paid for."
)
@click.option(
    "--tables-only",
    is_flag=True,
    help="Write nothing into the graph; keep the tables in HOME/taken/RUN for the Spark job.",
)
@json_option
@click.pass_obj
def sync(
    context: Context,
    source: str,
    as_of: int | None,
    since_last: bool,
    dry_run: bool,
    tables_only: bool,
    as_json: bool,
) -> None:
    """Make the graph hold what the source says; only changes are written."""
    run(context, source, as_of, since_last, as_json, dry_run=dry_run, tables_only=tables_only)


@click.command()
@source_option
@as_of_option
@since_option
@click.option("--free", is_flag=True, help="Run no query; say only how many bytes it would read, and the price.")
@json_option
@click.pass_obj
def plan(context: Context, source: str, as_of: int | None, since_last: bool, free: bool, as_json: bool) -> None:
    """Say what a sync would read, what that costs, and what it would change; nothing is written."""
    from dataclasses import asdict

    from holley_graph.workflows.sync import costs

    if not free:
        run(context, source, as_of, since_last, as_json, dry_run=True)
        return
    rows = [asdict(cost) for cost in costs(context.settings, source, as_of, since_last=since_last)]
    if as_json:
        print_json({"cost": rows})
    else:
        show_costs(rows)


def run(context: Context, source: str, as_of: int | None, since_last: bool, as_json: bool, **how: bool) -> None:
    """Sync and print the report."""
    from holley_graph.workflows.sync import sync

    with progress() as report:
        done = sync(context.settings, source, as_of, since_last=since_last, progress=report, **how)
    if as_json:
        print_json(done.as_dict())
    else:
        show(done)


def show(done: SyncReport) -> None:
    """Print a sync's report for a person."""
    rows = [
        (
            feed["name"],
            feed["read"],
            sum(feed["rejected"].values()),
            sum(feed["ignored"].values()),
            feed["added"],
            feed["changed"],
            feed["removed"],
        )
        for feed in done.feeds
    ]
    title = f"Sync {done.run_id}, as of {moment(done.as_of):%Y-%m-%d %H:%M} UTC, {done.mode}, {done.seconds:.1f} s"
    table(title, ("feed", "rows read", "rejected", "ignored", "added", "changed", "removed"), rows)
    reasons = [
        (feed["name"], what, reason, n)
        for feed in done.feeds
        for what in ("rejected", "ignored")
        for reason, n in feed[what].items()
    ]
    if reasons:
        table("Not taken", ("feed", "", "reason", "rows"), reasons)
    if done.cost:
        show_costs(done.cost)
    for note in done.notes:
        say(note)
    if done.mode == "unchanged":
        say("nothing to do: source and settings are those of the last sync")
    if done.mode in ("bulk", "changes") and any(sum(feed["rejected"].values()) for feed in done.feeds):
        then(f"rejects show {done.run_id}")
    elif done.mode in ("bulk", "changes", "unchanged"):
        then("train")


def show_costs(costs: Sequence[Mapping[str, Any]]) -> None:
    """Print what each query reads and what that costs."""
    if not costs:
        say("reading this source costs nothing")
        return
    rows = [(cost["query"], cost["bytes"], cost["price"]) for cost in costs]
    total = ("together", sum(read for _, read, _ in rows), sum(price for *_, price in rows))
    table("Cost", ("query", "reads", "price"), [(name, size(read), price) for name, read, price in [*rows, total]])
