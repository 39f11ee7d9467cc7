"""The commands `writeback` and `rollback`."""

from __future__ import annotations

from dataclasses import asdict

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import facts, json_option, print_json, say, then
from holley_graph.cli.progress import progress

NAMES = {
    "product": "parts",
    "product_anchor": "parts, as anchors",
    "vehicle": "vehicles",
    "vehicle_model": "models",
    "make": "makes",
    "user": "people",
    "lift": "lifts",
}
"""Tables of vectors in words."""


@click.command()
@click.argument("run")
@click.option(
    "--force",
    is_flag=True,
    help="Make a run live although its recipe was judged no-go, or there was too little to say.",
)
@json_option
@click.pass_obj
def writeback(context: Context, run: str, force: bool, as_json: bool) -> None:
    """Make the embeddings of RUN live: write them into a free slot, check them, switch to it."""
    from holley_graph.workflows.release import write_back

    with progress() as report:
        done = write_back(context.settings, run, force=force, progress=report)
    if as_json:
        print_json(asdict(done))
        return
    if done.recall is None:
        say(f"{done.run_id} is live; its vectors were in the graph already")
        then("status")
        return
    facts("Written", [(NAMES[name], count) for name, count in done.staged.items()])
    say(f"the index finds {done.recall:.1%} of the ten nearest parts")
    say(f"{done.run_id} is live after {sum(done.seconds.values()):.0f} s")
    then("find vehicles" if done.staged["vehicle"] else "find parts")


@click.command()
@json_option
@click.pass_obj
def rollback(context: Context, as_json: bool) -> None:
    """Go back to the release before the live one. If that one is live already, it stays.

    `writeback` of the later run makes it live again at once.
    """
    from holley_graph.workflows.release import roll_back

    live, previous = roll_back(context.settings)
    if as_json:
        print_json({"live": live, "previous": previous})
    else:
        say(f"{live} is live; {previous} is kept and can be made live again at once")
        then(f"writeback {previous}")
