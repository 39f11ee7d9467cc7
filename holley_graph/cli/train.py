"""The commands `train` and `runs`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.amounts import counted
from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table, then
from holley_graph.cli.progress import progress
from holley_graph.cli.release import NAMES
from holley_graph.cli.sync import EpochSeconds
from holley_graph.model.architectures.models import MODELS
from holley_graph.progress import step

if TYPE_CHECKING:
    from holley_graph.embeddings.manifest import RunManifest

RECIPE = click.Path(path_type=Path, exists=True, dir_okay=False)
"""What `--recipe` takes."""


@click.command()
@click.option("--model", type=click.Choice(MODELS), default="sage", show_default=True, help="Architecture.")
@click.option(
    "--as-of",
    type=EpochSeconds(),
    help="Learn only from data before this time; the run is measured on what came later.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="The same seed gives the same result on CPU; --warm uses the live run's.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Device to train on.",
)
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    help="Vehicles per step, for sage and two_tower (default: all at once).",
)
@click.option(
    "--mixed", is_flag=True, help="Multiply matrices in bfloat16, for GPUs; sums and softmax stay in float32."
)
@click.option(
    "--snapshot",
    "parcel_folder",
    type=click.Path(path_type=Path),
    help="Train from this snapshot folder, without a database (default: take a new one from the graph).",
)
@click.option("--recipe", type=RECIPE, help="Model and configuration from a file that tune wrote.")
@click.option(
    "--warm",
    is_flag=True,
    help="Go on from the live release and say how far the vectors moved.",
)
@json_option
@click.pass_obj
def train(
    context: Context,
    model: str,
    as_of: int | None,
    seed: int,
    device: str,
    batch: int | None,
    mixed: bool,
    parcel_folder: Path | None,
    recipe: Path | None,
    warm: bool,
    as_json: bool,
) -> None:
    """Take a snapshot of the graph and learn embeddings from it; under `torchrun`, processes share each batch."""
    with progress(os.environ.get("RANK", "0") == "0") as report, step(report, "loading PyTorch"):
        from holley_graph.model.training.execution import Execution
        from holley_graph.model.training.execution import device as device_named
        from holley_graph.model.training.plan import Plan
        from holley_graph.model.training.processes import process_group
        from holley_graph.workflows import training

    chosen = training.recipe(model, recipe, as_of)
    with process_group() as processes, progress(processes.first) as report:
        execution = Execution(device_named(device), batch, mixed, processes)
        plan = Plan(chosen, seed, as_of, warm, execution)
        run = training.train(context.settings, plan, parcel_folder, report)
    if not processes.first:
        return
    manifest = run.manifest
    metrics, seconds = manifest.metrics, manifest.seconds
    if as_json:
        print_json({"run_id": manifest.run_id, "path": run.path, "metrics": metrics, "seconds": seconds})
        return
    for name, measured_on in (("validation", "Held back to choose by"), ("held_out", "Held out")):
        if metrics[name]:
            show_comparison(measured_on, metrics[name])
    if metrics["drift"]:
        assert manifest.warm is not None  # noqa: S101  drift is measured of what went on from another run
        _show_drift(manifest.warm["from"], metrics["drift"])
    if manifest.kind_weights:
        _show_weights(manifest.kind_weights)
    if manifest.trust:
        _show_trust(manifest.trust)
    say(f"run {manifest.run_id}: {counted(manifest.epochs, 'epoch')}, {seconds:.0f} s")
    say(f"kept in {run.path}")
    then("train" if as_of is not None else f"writeback {manifest.run_id}")


def _show_weights(weights: dict[str, Any]) -> None:
    """Say how much an event counts, and from how many choices that is known."""
    counts = "a view counts {viewed:.2f}, a cart {carted:.2f} and an order {ordered:.2f} choices".format(**weights)
    basis = _explained(weights["choices"]) if weights["choices"] else "too few carts and orders to estimate it"
    say(f"{counts}: {basis}")


def _explained(choices: int) -> str:
    return f"this explains {counted(choices, 'cart or order', 'carts and orders')} of other people best"


def _show_trust(trust: dict[str, Any]) -> None:
    """Say how far the network counts beside counting, and warn where too few purchases could tell."""
    from holley_graph.model.training.held_back import ENOUGH_PURCHASES

    since = datetime.fromtimestamp(trust["held_back_from"], UTC)
    purchases = f"{trust['purchases']:,} purchases in the 30 days from {since:%Y-%m-%d}"
    counts = f"vectors of vehicles count {trust['scale']:.2f}"
    if trust.get("choices"):
        say(f"{counts}: {_explained(trust['choices'])}")
    elif trust["enough"]:
        say(f"{counts}: this predicts the {purchases} best")
    else:
        say(f"{counts}; that is uncertain, from {purchases}: {ENOUGH_PURCHASES:,} would do")


@click.command()
@json_option
@click.pass_obj
def runs(context: Context, as_json: bool) -> None:
    """List training runs, newest last."""
    from holley_graph.evaluation import registry
    from holley_graph.workflows.live import follow_if_up

    follow_if_up(context.settings)
    known = registry.read(context.settings.home / "runs")
    manifests = registry.manifests(context.settings.home / "runs")
    if as_json:
        named = {role: known[role] for role in (registry.CHAMPION, registry.CHALLENGER)}
        listed = [{k: v for k, v in run.as_dict().items() if k != "files"} for run in manifests]
        print_json(named | {"runs": listed})
        return
    role = {known[name]: name for name in (registry.CHALLENGER, registry.CHAMPION)}
    verdict = {recipe: judged["outcome"] for recipe, judged in known["verdicts"].items()}
    rows = [
        (
            run.run_id,
            run.epochs,
            round(run.seconds),
            _held_out_mrr(run),
            verdict.get(registry.recipe(run)),
            role.get(run.run_id),
        )
        for run in manifests
    ]
    table("Runs", ("run", "epochs", "seconds", "held-out MRR@4", "judged", "role"), rows)
    if not rows:
        then("train")
    elif not known[registry.CHAMPION]:
        then(f"writeback {manifests[-1].run_id}")


def show_comparison(name: str, measured: dict[str, Any]) -> None:
    """Print a run beside popularity among what fits."""
    run, popularity, lift = measured["run"], measured["popularity"], measured["MRR@4 over popularity"]
    people = counted(measured["users"], "person", "people")
    title = f"{name}: {people} who bought in the {measured['days']} days after the cut"
    metrics = ("HR@4", "MRR@4", "NDCG@4", "NDCG@10", "recall@4", "cold MRR@4", "cold recall@4")
    rows = [(metric, run[metric], popularity[metric]) for metric in metrics if metric in run]
    table(title, ("metric", "run", "popularity"), rows)
    say(
        f"MRR@4 over popularity: {lift['difference']:+.4f} ({lift['relative']:+.1%}), "
        f"95 % interval {lift['low']:+.4f} … {lift['high']:+.4f}"
    )
    if measured["calibration"]:
        rates = measured["calibration"]
        say(
            f"predicted purchase rate {rates['said']:.2%}, actual {rates['happened']:.2%}; "
            f"mean calibration error {100 * rates['error']:.2f} points"
        )


def _show_drift(live: str, drift: dict[str, Any]) -> None:
    rows = [
        (NAMES[name], change["both"], change["cosine"], change["move"]) for name, change in drift["moved"].items()
    ]
    table(f"Moved from {live}", ("vectors", "in both", "cosine", "move"), rows)
    say(f"the best four parts changed for {drift['top_four_changed']:.1%} of {counted(drift['owners'], 'owner')}")


def _held_out_mrr(run: RunManifest) -> float | None:
    measured = run.metrics["held_out"]
    return measured["run"]["MRR@4"] if measured else None
