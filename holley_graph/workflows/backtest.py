"""Models that are trained at several earlier times and compared with other rankers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from holley_graph.baselines.v5_18 import VERSION
from holley_graph.embeddings import table as embeddings
from holley_graph.embeddings.manifest import RunManifest
from holley_graph.embeddings.table import Tables
from holley_graph.evaluation import registry, study
from holley_graph.evaluation.conclusion import Conclusion
from holley_graph.evaluation.study import WINDOW_DAYS, Cut
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.execution import Execution, device
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.model.tuning import recipe_file
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings
from holley_graph.snapshot.snapshot import Snapshot
from holley_graph.times import DAY
from holley_graph.workflows.connection import connect
from holley_graph.workflows.evaluate import conclude, measuring, rankers

COMPARED = (VERSION, "popularity")
"""Beside the run itself, what a verdict needs: the others would take most of a night's time."""


def backtest(
    settings: Settings,
    cuts: int,
    *,
    models: Sequence[str] = (),
    recipes: Sequence[Path] = (),
    seed: int = 0,
    target: str = "ordered",
    with_verdict: bool = False,
    fastrp: bool = False,
    progress: Progress = silent,
) -> Conclusion:
    """Train at several cuts, and compare on the 30 days after each.

    Args:
        settings: where the server and the home are.
        cuts: how many, 30 days apart.
        models: names of architectures; neither these nor recipes: sage.
        recipes: files that `tune` wrote.
        seed: of every training.
        target: what rankers have to find, one of `ordered`, `carted` and `viewed`.
        with_verdict: decide whether the recipes may go live; only of what was ordered.
        fastrp: also rank by FastRP vectors.
        progress: told after each step.
    """
    tuned = [recipe_file.read(path) for path in recipes]
    named = {model: Recipe.default(model) for model in models or (() if tuned else ("sage",))}
    questions, manifests = [], {}
    with measuring(settings, progress) as (graph, full):
        moments = study.rolling(full, cuts)
        recipe_file.refuse_to_judge_by_what_chose(tuned, moments[0])
        for number, at in enumerate(moments):
            progress("cuts", number, len(moments))
            tables: dict[str, Tables] = {}
            for name, recipe in [*named.items(), *((None, recipe) for recipe in tuned)]:
                plan = Plan(recipe, seed, at, execution=Execution(device()))
                run = train(full, settings.home / "runs", plan, progress)
                name = name or registry.recipe(run.manifest)
                manifests[name], tables[name] = run.manifest, embeddings.load(run.path)
            ranked = rankers(settings, graph, full, at, tables, fastrp, progress)
            questions.append(study.cut(full, at, ranked, progress, target))
        progress("cuts", len(moments), len(moments))
        return conclude(settings, graph, questions, full, manifests, with_verdict, progress)


def judge(
    settings: Settings, full: Snapshot, run_id: str, progress: Progress = silent
) -> tuple[Conclusion, list[str]]:
    """Decide whether a run may go live, by earlier runs of its recipe.

    Each of these runs is asked about the 30 days after it ended. A cut takes the newest run that ended in the
    `night.from_nothing_days` before it. Where there is none, one is trained from nothing, up to the cut.

    Args:
        settings: where the server and the home are; `night` says how many cuts.
        full: the snapshot that the run was trained on.
        run_id: the run.
        progress: told after each step.

    Returns:
        The comparison with its verdict, and the runs that were asked, oldest first.
    """
    runs, cuts, end = settings.home / "runs", settings.night.cuts, full.as_of
    manifest = RunManifest.named(runs, run_id)
    questions: list[Cut] = []
    measured: list[str] = []
    with connect(settings, progress) as graph:
        for number in range(cuts):
            progress("cuts", number, cuts)
            run = _run_before(settings, full, manifest, end - WINDOW_DAYS * DAY, progress)
            tables, end = {manifest.model: embeddings.load(runs / run.run_id)}, run.as_of
            known = rankers(settings, graph, full, end, tables, False, progress)
            ranked = {name: rank for name, rank in known.items() if name in (manifest.model, *COMPARED)}
            questions.insert(0, study.cut(full, end, ranked, progress))
            measured.insert(0, run.run_id)
        progress("cuts", cuts, cuts)
        done = conclude(settings, graph, questions, full, {manifest.model: manifest}, True, progress)
    return done, measured


def _run_before(
    settings: Settings, full: Snapshot, tonight: RunManifest, end: int, progress: Progress
) -> RunManifest:
    """Return the newest run of a recipe that ended shortly before a time, or train one."""
    runs, earliest = settings.home / "runs", end - settings.night.from_nothing_days * DAY
    recipe = registry.recipe(tonight)
    known = [run for run in registry.manifests(runs) if registry.recipe(run) == recipe]
    old_enough = [run for run in known if earliest < run.as_of <= end]
    if old_enough:
        return max(old_enough, key=lambda run: (run.as_of, run.run_id))
    chosen = Recipe.default() if settings.night.recipe is None else recipe_file.read(settings.night.recipe)
    recipe_file.refuse_to_judge_by_what_chose([chosen], end)
    plan = Plan(chosen, as_of=end, execution=Execution(device()), snapshot=tonight.snapshot)
    return train(full, runs, plan, progress).manifest
