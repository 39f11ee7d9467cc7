"""Models that are trained at several earlier times and compared with other rankers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from holley_graph.embeddings import table as embeddings
from holley_graph.embeddings.table import Tables
from holley_graph.evaluation import registry, study
from holley_graph.evaluation.conclusion import Conclusion
from holley_graph.model.architectures.recipe import Recipe
from holley_graph.model.training.execution import Execution, device
from holley_graph.model.training.plan import Plan
from holley_graph.model.training.train import train
from holley_graph.model.tuning import recipe_file
from holley_graph.progress import Progress, silent
from holley_graph.settings import Settings
from holley_graph.workflows.evaluate import conclude, measuring, rankers


def backtest(
    settings: Settings,
    cuts: int,
    *,
    models: Sequence[str] = (),
    recipes: Sequence[Path] = (),
    seed: int = 0,
    target: str = "ordered",
    gate: bool = False,
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
        gate: decide whether the recipes may go live; only of what was ordered.
        fastrp: also rank by FastRP vectors.
        progress: told after each step.
    """
    tuned = [recipe_file.read(path) for path in recipes]
    named = {model: Recipe.default(model) for model in models or (() if tuned else ("sage",))}
    asked, manifests = [], {}
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
            asked.append(study.cut(full, at, ranked, progress, target))
        progress("cuts", len(moments), len(moments))
        return conclude(settings, graph, asked, full, manifests, gate, progress)
