"""The command `embed`."""

from __future__ import annotations

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table, then
from holley_graph.cli.progress import progress
from holley_graph.cli.release import NAMES
from holley_graph.progress import step


@click.command()
@click.option("--new", is_flag=True, help="Products, vehicles, models and makes that came after the live release.")
@json_option
@click.pass_obj
def embed(context: Context, new: bool, as_json: bool) -> None:
    """Give vectors to what came after the live release, without training."""
    if not new:
        raise click.UsageError("embed needs --new; train gives vectors to everything else")
    with progress() as report, step(report, "loading PyTorch"):
        from holley_graph.embeddings.late import write_late
        from holley_graph.embeddings.table import add_late
        from holley_graph.export.sources import live_run
        from holley_graph.graph.alone import in_home
        from holley_graph.model.inference import cold_start
        from holley_graph.snapshot import exporter

    home = context.settings.home
    with in_home(home, "embed"), context.graph() as graph, progress() as report:
        run = live_run(graph, home)
        snapshot = exporter.take(graph, exporter.options(context.settings.sync), report)
        with step(report, "encoding"):
            found = cold_start.encode(run, snapshot)
        came = {name: len(each.keys) for name, each in found.tables.items()} | {"lift": len(found.tables.lift)}
        if any(came.values()):
            add_late(found.tables, run)
        with step(report, "writing vectors"):
            written = write_late(graph, run)
    if as_json:
        print_json({"run_id": run.name, "new": came, "written": written, "unknown": found.unknown})
        return
    if not any(written.values()):
        say(f"nothing is new: {run.name} has a vector for everything in the graph")
        return
    rows = [(NAMES[name], came[name], written[name]) for name in came if written[name]]
    table(f"Came after {run.name}", ("vectors", "encoded now", "live now"), rows)
    for level, keys in found.unknown.items():
        if keys:
            say(f"unknown to the run, the mean is used: {level.replace('_', ' ')} {', '.join(keys)}")
    then("train --warm")
