"""The commands `evaluate` and `backtest`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
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
    from collections.abc import Iterator

    from holley_graph.embeddings.manifest import RunManifest
    from holley_graph.embeddings.table import Tables
    from holley_graph.evaluation.conclusion import Conclusion
    from holley_graph.evaluation.study import Cut
    from holley_graph.evaluation.targets import Ranker
    from holley_graph.graph.client import Graph
    from holley_graph.progress import Progress
    from holley_graph.settings import Settings
    from holley_graph.snapshot.snapshot import Snapshot

TARGETS = ("ordered", "carted", "viewed")
gate_option = click.option(
    "--gate",
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
@gate_option
@fastrp_option
@json_option
@click.pass_obj
def evaluate(context: Context, runs: tuple[str, ...], target: str, gate: bool, fastrp: bool, as_json: bool) -> None:
    """Compare RUNS with v5.18 and other rankers on what people did after their --as-of."""
    from holley_graph.embeddings import table as embeddings
    from holley_graph.embeddings.manifest import RunManifest
    from holley_graph.errors import SettingsError
    from holley_graph.evaluation import study

    _check_target(target, gate)
    folder = context.settings.home / "runs"
    manifests = {run: RunManifest.named(folder, run) for run in runs}
    ends = {manifest.as_of for manifest in manifests.values()}
    if len(ends) > 1:
        raise SettingsError("these runs have different --as-of times and cannot be compared", "train --as-of TIME")
    ours = {run: embeddings.load(folder / run) for run in runs}
    with _asking(context.settings) as (graph, full, report):
        at = ends.pop()
        rankers = _rankers(context.settings, graph, full, at, fastrp, ours, report)
        cuts = [study.cut(full, at, rankers, report, target)]
        done = _concluded(context.settings, cuts, full, manifests, gate, report)
    _show_all(done, gate, as_json)


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
@gate_option
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
    gate: bool,
    fastrp: bool,
    as_json: bool,
) -> None:
    """Train at several earlier times and compare each model with v5.18 and others on the 30 days after."""
    _check_target(target, gate)
    with progress() as report, step(report, "loading PyTorch"):
        from holley_graph.embeddings import table as embeddings
        from holley_graph.evaluation import registry, study
        from holley_graph.model.architectures.recipe import Recipe
        from holley_graph.model.training.execution import Execution, device
        from holley_graph.model.training.plan import Plan
        from holley_graph.model.training.train import train
        from holley_graph.model.tuning import recipe_file

    settings = context.settings
    tuned = [recipe_file.read(path) for path in recipes]
    named = {model: Recipe.default(model) for model in models or (() if tuned else ("sage",))}
    asked, manifests = [], {}
    with _asking(settings) as (graph, full, report):
        moments = study.rolling(full, cuts)
        recipe_file.refuse_to_judge_by_what_chose(tuned, moments[0])
        for number, at in enumerate(moments):
            report("cuts", number, len(moments))
            ours = {}
            for name, recipe in [*named.items(), *((None, recipe) for recipe in tuned)]:
                plan = Plan(recipe, seed, at, execution=Execution(device()))
                run = train(full, settings.home / "runs", plan, report)
                name = name or registry.recipe(run.manifest)
                manifests[name], ours[name] = run.manifest, embeddings.load(run.path)
            rankers = _rankers(settings, graph, full, at, fastrp, ours, report)
            asked.append(study.cut(full, at, rankers, report, target))
        report("cuts", len(moments), len(moments))
        done = _concluded(settings, asked, full, manifests, gate, report)
    _show_all(done, gate, as_json)


def _check_target(target: str, gate: bool) -> None:
    from holley_graph.errors import SettingsError

    if gate and target != "ordered":
        raise SettingsError(f"a verdict is about orders, not {target} parts", "leave out --target or --gate")


@contextmanager
def _asking(settings: Settings) -> Iterator[tuple[Graph, Snapshot, Progress]]:
    from holley_graph.cli.connection import connect
    from holley_graph.snapshot import exporter

    with connect(settings) as graph, progress() as report:
        yield graph, exporter.take(graph, exporter.options(settings.sync), report), report


def _rankers(
    settings: Settings,
    graph: Graph,
    full: Snapshot,
    at: int,
    fastrp: bool,
    ours: Mapping[str, Tables],
    report: Progress,
) -> dict[str, Ranker]:
    """The closed-form rivals, v5.18 where this home has the tables that it needs, FastRP where it is wanted, and
    every run: its vectors alone, behind popularity (`hybrid`), and among parts for many vehicles (`universal`)."""
    from holley_graph.baselines import blends
    from holley_graph.baselines.rankers import BASELINES
    from loaders import baseline, taken

    asked = dict(BASELINES)
    before = taken.open_taken(settings.home, graph.read("load/marker")[0]["run_id"])
    with step(report, "scores of v5.18"):
        known = None if before is None else baseline.scores(before.clean_files(), at, settings)
    if known is not None:
        asked[baseline.VERSION] = partial(blends.champion, known)
    if fastrp:
        from holley_graph.embeddings import fastrp as room

        with step(report, "FastRP"):
            asked["fastrp"] = _vectors(room.embed(graph, full.before(at)))
    for name, tables in ours.items():
        asked[name] = _vectors(tables)
        asked[f"{name} universal"] = partial(blends.universal, tables, settings.recommend.universal_share)
        if known is not None:
            asked[f"{name} hybrid"] = partial(blends.hybrid, known, tables)
    return asked


def _vectors(tables: Tables) -> Ranker:
    from holley_graph.evaluation import scoring

    return lambda task, past: scoring.scores(tables, past, task)


def _manifest(folder: Path, run: str) -> dict[str, Any]:
    from holley_graph import sealed
    from holley_graph.errors import NotFound

    path = folder / run / "manifest.json"
    if not path.is_file():
        raise NotFound(f"no run {run!r} in {folder}", "holley-graph runs")
    return sealed.read(path)


def _concluded(
    settings: Settings,
    cuts: list[Cut],
    full: Snapshot,
    manifests: Mapping[str, RunManifest],
    gate: bool,
    report: Progress,
) -> Conclusion:
    with step(report, "intervals and report"):
        from holley_graph.evaluation import conclusion

        return conclusion.conclude(cuts, full, manifests, settings.home, gate)


def _show_all(done: Conclusion, gate: bool, as_json: bool) -> None:
    from holley_graph.evaluation.verdict import EXIT_CODES

    if as_json:
        print_json(done.document | {"path": done.path})
    else:
        _show(done.document)
        say(f"report: {done.path / 'report.html'}")
        then("train")
    if gate:
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
    asked = counted(document["users"], "question")
    cuts = counted(len(document["cuts"]), "cut")
    table(f"{asked} about {document['target']} parts, at {cuts}", columns, rows)
    if "v5.18" not in document["rankers"]:
        say("v5.18 is left out: the tables of the last sync are not in this home")
    for run, verdict in document.get("verdicts", {}).items():
        say(f"{run}: {verdict['outcome']}")
        for reason in verdict["reasons"]:
            say(f"  {reason}")


def interval(difference: Mapping[str, float]) -> str:
    """Write the interval of a difference."""
    return f"{difference['low']:+.3f} … {difference['high']:+.3f}"
