"""The commands `evaluate` and `backtest`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.amounts import counted
from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, say, table, then
from holley_graph.cli.progress import progress
from holley_graph.cli.train import RECIPE
from holley_graph.model.architectures.models import MODELS
from holley_graph.progress import step

if TYPE_CHECKING:
    from holley_graph.evaluation.conclusion import Conclusion

TARGETS = ("ordered", "carted", "viewed")
verdict_option = click.option(
    "--verdict",
    "with_verdict",
    is_flag=True,
    help="Decide against v5.18: go, no-go (exit code 1), or too few buyers to say (19). The decision is kept.",
)
target_option = click.option(
    "--target",
    type=click.Choice(TARGETS),
    default="ordered",
    show_default=True,
    help="What rankers have to find: the parts that were ordered, carted or viewed in the 30 days after a cut.",
)
fastrp_option = click.option(
    "--fastrp", is_flag=True, help="Also rank by FastRP vectors of Graph Data Science, made at each cut."
)


@click.command()
@click.argument("runs", nargs=-1, required=True)
@target_option
@verdict_option
@fastrp_option
@json_option
@click.pass_obj
def evaluate(
    context: Context, runs: tuple[str, ...], target: str, with_verdict: bool, fastrp: bool, as_json: bool
) -> None:
    """Compare RUNS with v5.18 and other rankers on what people did after their --as-of."""
    from holley_graph.workflows import evaluate as workflow

    _check_target(target, with_verdict)
    with progress() as report:
        done = workflow.evaluate(
            context.settings, runs, target=target, with_verdict=with_verdict, fastrp=fastrp, progress=report
        )
    _show_all(done, with_verdict, as_json)


@click.command()
@click.option("--cuts", type=click.IntRange(1), default=3, show_default=True, help="Number of cuts, 30 days apart.")
@click.option(
    "--model",
    "models",
    type=click.Choice(MODELS),
    multiple=True,
    help="Architecture; can be given several times (default: sage, unless there is a recipe).",
)
@click.option(
    "--recipe",
    "recipes",
    type=RECIPE,
    multiple=True,
    help="Model and configuration from a file that tune wrote; can be given several times.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the trainings.")
@target_option
@verdict_option
@fastrp_option
@json_option
@click.pass_obj
def backtest(
    context: Context,
    cuts: int,
    models: tuple[str, ...],
    recipes: tuple[Path, ...],
    seed: int,
    target: str,
    with_verdict: bool,
    fastrp: bool,
    as_json: bool,
) -> None:
    """Train at several earlier times and compare each model with v5.18 and others on the 30 days after."""
    _check_target(target, with_verdict)
    with progress() as report, step(report, "loading PyTorch"):
        from holley_graph.workflows.backtest import backtest as run_backtest

    with progress() as report:
        done = run_backtest(
            context.settings, cuts, models=models, recipes=recipes, seed=seed, target=target,
            with_verdict=with_verdict, fastrp=fastrp, progress=report,
        )  # fmt: skip
    _show_all(done, with_verdict, as_json)


def _check_target(target: str, with_verdict: bool) -> None:
    from holley_graph.errors import SettingsError

    if with_verdict and target != "ordered":
        raise SettingsError(f"a verdict is about orders, not {target} parts", "leave out --target or --verdict")


def _show_all(done: Conclusion, with_verdict: bool, as_json: bool) -> None:
    from holley_graph.evaluation.verdict import EXIT_CODES

    if as_json:
        print_json(done.document | {"path": done.path})
    else:
        _show(done.document)
        say(f"report: {done.path / 'report.html'}")
        then("train")
    if with_verdict:
        codes = [EXIT_CODES[verdict["outcome"]] for verdict in done.document["verdicts"].values()]
        raise SystemExit(next((code for code in codes if code), 0))


def _show(document: dict[str, Any]) -> None:
    metrics = ("HR@4", "MRR@4", "NDCG@10")
    columns = ("ranker", *metrics, "cold MRR@4", "coverage", f"MRR@4 over {document['champion']}", "95 % interval")
    cold = document["segments"]["history"].get("cold")
    over = document["over_champion"]
    rows = [
        (
            name,
            *(values[metric] for metric in metrics),
            cold["rankers"][name]["MRR@4"] if cold else None,
            document["lists"][name]["coverage"],
            *([over[name]["difference"], interval(over[name])] if name in over else [None, None]),
        )
        for name, values in document["rankers"].items()
    ]
    questions = counted(document["users"], "question")
    cuts = counted(len(document["cuts"]), "cut")
    table(f"{questions} about {document['target']} parts, at {cuts}", columns, rows)
    if "v5.18" not in document["rankers"]:
        say("v5.18 is left out: the tables of the last sync are not in this home")
    for run, lift in document["over_counting"].items():
        say(f"{run} over counting: MRR@4 {lift['difference']:+.3f}, 95 % interval {interval(lift)}")
    for run, verdict in document.get("verdicts", {}).items():
        say(f"{run}: {verdict['outcome']}")
        for reason in verdict["reasons"]:
            say(f"  {reason}")


def interval(difference: Mapping[str, float]) -> str:
    """Write the interval of a difference."""
    return f"{difference['low']:+.3f} … {difference['high']:+.3f}"
