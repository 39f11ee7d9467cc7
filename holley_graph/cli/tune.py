"""The command `tune`."""

from __future__ import annotations

import shlex
from pathlib import Path

import rich_click as click

from holley_graph.amounts import counted
from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table, then
from holley_graph.cli.progress import progress
from holley_graph.cli.sync import EpochSeconds
from holley_graph.model.architectures.models import MODELS
from holley_graph.progress import step


@click.command()
@click.option("--model", type=click.Choice(MODELS), default="sage", show_default=True, help="Architecture.")
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Configurations to try, including those of earlier calls.",
)
@click.option("--as-of", type=EpochSeconds(), help="Use only what is strictly before this time.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the trainings and of the proposals.")
@click.option(
    "--snapshot",
    "parcel_folder",
    type=click.Path(path_type=Path),
    help="Tune on this snapshot folder, without a database (default: take a new one from the graph).",
)
@json_option
@click.pass_obj
def tune(
    context: Context,
    model: str,
    trials: int,
    as_of: int | None,
    seed: int,
    parcel_folder: Path | None,
    as_json: bool,
) -> None:
    """Try configurations of a model on the last 30 days of its data, and save the best as a recipe."""
    with progress() as report:
        with step(report, "loading PyTorch"):
            from holley_graph.workflows.tuning import tune as run_tuning

        settings = context.settings
        tuned = run_tuning(settings, model, trials, seed=seed, as_of=as_of, folder=parcel_folder, progress=report)
    if as_json:
        print_json(tuned.as_dict())
        return
    judged = f"{tuned.model}: NDCG@10 of {counted(tuned.users, 'person', 'people')} who bought in the last 30 days"
    rows = [(n, trial["state"], trial["value"], trial["epochs"]) for n, trial in enumerate(tuned.trials)]
    table(judged, ("trial", "", "value", "epochs"), rows)
    first, chosen = (tuned.trials[n]["config"] for n in (0, tuned.best))
    table("Configuration", ("field", "default", "best"), [(name, first[name], chosen[name]) for name in first])
    best, default = tuned.trials[tuned.best]["value"], tuned.trials[0]["value"]
    say(f"best: trial {tuned.best} with {best:.4f}; the default has {default:.4f}")
    say("the best of many looks better than it is: test it on later purchases before it goes live")
    say("compare it at cuts that come after the data it was tuned on")
    then(f"backtest --recipe {shlex.quote(str(tuned.recipe))}")
