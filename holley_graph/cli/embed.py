"""The command `embed`."""

from __future__ import annotations

from dataclasses import asdict

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
        from holley_graph.workflows.embed import embed_new

    with progress() as report:
        done = embed_new(context.settings, report)
    if as_json:
        print_json(asdict(done))
        return
    if not any(done.written.values()):
        say(f"nothing is new: {done.run_id} has a vector for everything in the graph")
        return
    rows = [(NAMES[name], done.new[name], count) for name, count in done.written.items() if count]
    table(f"Came after {done.run_id}", ("vectors", "encoded now", "live now"), rows)
    for level, keys in done.unknown.items():
        if keys:
            say(f"unknown to the run, the mean is used: {level.replace('_', ' ')} {', '.join(keys)}")
    then("train --warm")
