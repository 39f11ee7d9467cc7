"""The commands `evaluate` and `backtest`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from holley_graph.cli import Context
from holley_graph.cli.console import json_option, print_json, progress, say, table
from holley_graph.cli.train import MODELS, RECIPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holley_graph.embeddings.manifest import RunManifest
    from holley_graph.embeddings.table import Tables
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
        cuts = [study.cut(full, at, _rankers(context.settings, graph, full, at, fastrp, ours), report, target)]
    _conclude(context.settings, cuts, full, manifests, gate, as_json)


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
    from holley_graph.embeddings import table as embeddings
    from holley_graph.evaluation import registry, study
    from holley_graph.model.architectures.recipe import Recipe
    from holley_graph.model.training.execution import Execution, device
    from holley_graph.model.training.plan import Plan
    from holley_graph.model.training.train import train
    from holley_graph.model.tuning import recipe_file

    _check_target(target, gate)
    settings = context.settings
    tuned = [recipe_file.read(path) for path in recipes]
    named = {model: Recipe.default(model) for model in models or (() if tuned else ("sage",))}
    asked, manifests = [], {}
    with _asking(settings) as (graph, full, report):
        moments = study.rolling(full, cuts)
        recipe_file.refuse_to_judge_by_what_chose(tuned, moments[0])
        for at in moments:
            ours = {}
            for name, recipe in [*named.items(), *((None, recipe) for recipe in tuned)]:
                plan = Plan(recipe, seed, at, execution=Execution(device()))
                run = train(full, settings.home / "runs", plan, report)
                name = name or registry.recipe(run.manifest)
                manifests[name], ours[name] = run.manifest, embeddings.load(run.path)
            asked.append(study.cut(full, at, _rankers(settings, graph, full, at, fastrp, ours), report, target))
    _conclude(settings, asked, full, manifests, gate, as_json)


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
    settings: Settings, graph: Graph, full: Snapshot, at: int, fastrp: bool, ours: Mapping[str, Tables]
) -> dict[str, Ranker]:
    """The closed-form rivals, v5.18 where this home has the tables that it needs, FastRP where it is wanted, and
    every run: its vectors alone, behind popularity (`hybrid`), and among parts for many vehicles (`universal`)."""
    from holley_graph.baselines import blends
    from holley_graph.baselines.rankers import BASELINES
    from loaders import baseline, taken

    asked = dict(BASELINES)
    before = taken.open_taken(settings.home, graph.read("load/marker")[0]["run_id"])
    known = None if before is None else baseline.scores(before.clean_files(), at, settings)
    if known is not None:
        asked[baseline.VERSION] = partial(blends.champion, known)
    if fastrp:
        from holley_graph.embeddings import fastrp as room

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


def _conclude(
    settings: Settings,
    cuts: list[Cut],
    full: Snapshot,
    manifests: Mapping[str, RunManifest],
    gate: bool,
    as_json: bool,
) -> None:
    from holley_graph.evaluation import conclusion
    from holley_graph.evaluation.verdict import EXIT_CODES

    done = conclusion.conclude(cuts, full, manifests, settings.home, gate)
    if as_json:
        print_json(done.document | {"path": done.path})
    else:
        _show(done.document)
        say(f"report: {done.path / 'report.html'}")
    if gate:
        codes = [EXIT_CODES[verdict["outcome"]] for verdict in done.document["verdicts"].values()]
        raise SystemExit(next((code for code in codes if code), 0))


def _show(document: dict[str, Any]) -> None:
    metrics = ("HR@4", "MRR@4", "NDCG@10")
    cold = document["segments"]["history"].get("cold")
    over = document["over_champion"]
    rows = [
        (
            name,
            *(values[metric] for metric in metrics),
            cold["rankers"][name]["MRR@4"] if cold else None,
            document["lists"][name]["coverage"],
            *(over[name][key] if name in over else None for key in ("difference", "low", "high")),
        )
        for name, values in document["rankers"].items()
    ]
    title = (
        f"{document['users']:,} questions about {document['target']} parts, at {len(document['cuts'])} cuts; "
        f"MRR@4 over {document['champion']} with its 95 % interval"
    )
    table(title, ("ranker", *metrics, "cold MRR@4", "coverage", "over", "from", "to"), rows)
    if "v5.18" not in document["rankers"]:
        say("v5.18 is left out: the tables of the last sync are not in this home")
    for run, verdict in document.get("verdicts", {}).items():
        say(f"{run}: {verdict['outcome']}")
        for reason in verdict["reasons"]:
            say(f"  {reason}")
