"""`demo`: the whole loop on a generated world, then what one would ask of it."""

from __future__ import annotations

import time
from typing import Any

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, then
from holley_graph.cli.progress import progress
from holley_graph.progress import step

WHO = {
    "cold": "An owner with a vehicle and no history",
    "buyer": "An owner with past orders",
    "visitor": "An owner who viewed parts",
}


@click.command()
@click.option(
    "--users", type=click.IntRange(200), default=5_000, show_default=True, help="Number of owners in the world."
)
@click.option("--seed", type=int, default=20260101, show_default=True, help="The same seed gives the same world.")
@click.option(
    "--preset", default="full-month", show_default=True, help="Kind of shop, as docs/demo-world.md has them."
)
@json_option
@click.pass_obj
def demo(context: Context, users: int, seed: int, preset: str, as_json: bool) -> None:
    """Generate a world, sync, train, write back, and show answers, a comparison and Neo4j Browser.

    The server stays up. A home that holds other data is refused.
    """
    started = time.monotonic()
    with progress() as report:
        with step(report, "loading PyTorch"):
            from holley_graph.workflows.demo import demo as run_demo

        shown = run_demo(context.settings, users, seed, preset, report)
    shown["seconds"] = round(time.monotonic() - started, 1)
    if as_json:
        print_json(shown)
    else:
        _show(shown)


def _show(shown: dict[str, Any]) -> None:
    from holley_graph.cli.answers import parts
    from holley_graph.cli.train import show_comparison

    for answer in shown["answers"]:
        title = f"{WHO[answer['kind']]}: {answer['vehicle_id'].replace('|', ' ')} ({answer['user_id']})"
        if answer["rows"]:
            parts(title, answer["rows"], "answered_by")
        if answer["note"]:
            say(answer["note"])
    if shown["held_out"]:
        show_comparison("Trained without the last month", shown["held_out"])
    say(f"done in {shown['seconds']:.0f} s; the server stays up, stop it with: holley-graph down")
    say(f"Neo4j Browser, fitment path ready (password in {shown['password_file']}):")
    say(shown["browser"])
    then("status")
