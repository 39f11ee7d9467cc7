"""The command `rejects`."""

from __future__ import annotations

from typing import Any

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, table, then
from holley_graph.cli.progress import progress


@click.command()
@click.argument("action", type=click.Choice(["list", "show", "replay"]))
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option("--feed", metavar="FEED", help="Show this feed only.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Rows to show per feed.")
@click.option("--source", metavar="bigquery|files:DIR|csv:DIR", help="Replay against this source.")
@json_option
@click.pass_obj
def rejects(
    context: Context,
    action: str,
    run_id: str | None,
    feed: str | None,
    limit: int,
    source: str | None,
    as_json: bool,
) -> None:
    """Look at rows that syncs rejected: list the runs, show a run's rows, or replay them against the source.

    A replay reads the source as of the run's time and says which rows are still rejected; it writes nothing. The
    next sync takes what was corrected in the source.
    """
    from holley_graph.errors import SettingsError
    from holley_graph.loaders import deadletter

    home = context.settings.home
    if action != "list" and run_id is None:
        raise SettingsError(f"rejects {action} needs a run", "holley-graph rejects list")
    if action == "list":
        result = deadletter.runs(home)
        rows: list[tuple[Any, ...]] = [
            (run["run_id"], run["as_of"], run["source"], _counts(run["rejected"])) for run in result
        ]
        columns: tuple[str, ...] = ("run", "as of", "source", "rejected")
    elif action == "show":
        result = deadletter.rows(home, str(run_id), feed, limit)
        columns = ("feed", "reason", "value", "source row")
        rows = [(row["feed"], row["reason"], row["value"], row["source_row"]) for row in result]
    else:
        if source is None:
            raise SettingsError("rejects replay needs --source", "name the source that the sync read")
        from holley_graph.workflows.sync import replay

        with progress() as report:
            result = replay(context.settings, str(run_id), source, report)
        columns = ("feed", "reason", "rejected", "still", "gone")
        rows = [tuple(row[name] for name in columns) for row in result]
    if as_json:
        print_json({"action": action, "rows": result})
    else:
        table(f"Rejected rows: {run_id or 'every run that is kept'}", columns, rows)
        if action == "list" and result:
            then(f"rejects show {result[-1]['run_id']}")


def _counts(rejected: dict[str, int]) -> str:
    return ", ".join(f"{feed} {n:,}" for feed, n in rejected.items()) or "none"
